from nowseen.cli import main

main()
