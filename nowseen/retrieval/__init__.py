"""`nowseen evaluate retrieval`: do the right moments come first? On data sets of one's own and on the shipped one."""
