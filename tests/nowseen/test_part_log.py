"""What of a program's output a person sees. The lines are as these programs print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nowseen.part_log import Flood, Terminal, open_logs, read_line


@pytest.mark.parametrize(
    ("raw", "text", "is_chatter", "is_loud"),
    [
        ("2025-11-25 04:51:28,123 INFO nowseen.worker: worker ready", "nowseen.worker: worker ready", False, False),
        ("2025-11-25 04:51:28,123 WARNING faust.app: slow", "faust.app: slow", False, True),
        ("[2025-11-25 04:51:28,123] [77] [INFO] [^Worker]: Ready", "[^Worker]: Ready", True, False),
        ("[2025-11-25 04:51:28,123] INFO [Broker id=1] Stopped (kafka.server.Broker)", None, True, False),
        ("2025-11-25T04:51:28.123456Z  INFO tansu_broker::broker: listening", None, True, False),
        ("2025-11-25T04:51:28.123456Z ERROR tansu_broker: no", "tansu_broker: no", False, True),
        ('INFO:     127.0.0.1:52 - "GET /health HTTP/1.1" 200 OK', None, True, False),
        ('INFO:     127.0.0.1:52 - "GET /search HTTP/1.1" 500 Internal Server Error', None, False, False),
        ("%3|1764046288.123|FAIL|rdkafka#producer-1| refused", "FAIL|rdkafka#producer-1| refused", False, True),
        ("%6|1764046288.123|INFO|rdkafka#producer-1| hello", None, True, False),
        ("Kafka broker at 127.0.0.1:9092", "Kafka broker at 127.0.0.1:9092", False, False),
        ("Information is not a level", "Information is not a level", False, False),
        ("12:30:05 is when it rained", "is when it rained", False, False),
        ("\x1b[31mred\x1b[0m\x07", "red", False, False),
        ("\x1b]0;title\x07text", "text", False, False),
        (" 10%|#   |\r 90%|### |\r", " 90%|### |", False, False),
        ("DEBUG:root:details", None, True, False),
        ("tansu broker 0.6.0", None, True, False),
        ("2025-11-25 04:51:28.123 Uvicorn server started on 127.0.0.1:1", None, True, False),
        ("%4|1764.1|GETPID|rdkafka#p-3| [thrd:main]: Coordinator load in progress: retrying", None, True, True),
        ("  You can now view your Streamlit app in your browser.", None, True, False),
        ('  File "/lib/faust/app/base.py", line 1', None, False, False),
        ("", "", False, False),
    ],
)
def test_lines(raw: str, text: str | None, is_chatter: bool, is_loud: bool) -> None:
    line = read_line(raw)
    assert (line.is_chatter, line.is_loud) == (is_chatter, is_loud)
    if text is not None:
        assert line.text == text


def test_the_terminal_shows_the_useful_and_the_file_holds_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = [
        "[2025-11-25 04:51:28,123] [77] [INFO] [^Worker]: Starting",
        "    with details",
        "2025-11-25 04:51:29,123 ERROR nowseen.worker: it broke",
        "Traceback (most recent call last):",
        '  File "x.py", line 1, in <module>',
        "ValueError: no [bold]markup[/bold]",
    ]
    with open_logs(["worker", "n"], Terminal(["worker", "n"]), tmp_path) as logs:
        for line in raw:
            logs["worker"].push(line)
        logs["n"].push("short")
    shown = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "worker | nowseen.worker: it broke",
        "worker | Traceback (most recent call last):",
        'worker |   File "x.py", line 1, in <module>',
        "worker | ValueError: no [bold]markup[/bold]",
        "n      | short",
    ]
    kept = (tmp_path / "worker.log").read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in kept] == raw


def test_a_flood_is_counted_not_shown() -> None:
    flood = Flood(lines=3, alike=2, window_s=10.0)
    assert [flood.push(f"refused {port}", 0.0)[0] for port in range(5)] == [True, True, False, False, False]
    assert flood.push("something else", 1.0) == (True, 0)
    assert flood.push("and another thing", 1.0) == (False, 0)  # three lines are enough, whatever they are
    assert flood.push("refused 9", 10.0) == (True, 4)
    assert flood.push("refused 10", 11.0) == (True, 0)


def test_files_are_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nowseen.part_log._FILE_BYTES", 1_000)
    with open_logs(["a"], Terminal(["a"]), tmp_path) as logs:
        for number in range(200):
            logs["a"].push(f"line {number}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert "line 199" in (tmp_path / "a.log").read_text()
    assert all(path.stat().st_size <= 1_100 for path in tmp_path.iterdir())
