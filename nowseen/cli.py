"""The command line. Each command imports what it needs when it runs: `nowseen --help` answers at once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import ConfigError
from nowseen.evaluate_cli import evaluate
from nowseen.rules_cli import rules
from nowseen.search_cli import search
from nowseen.speakers_cli import speakers
from nowseen.webhooks_cli import webhooks

if TYPE_CHECKING:
    from nowseen.settings import Settings

_FAILED_EXIT_CODE = 1
_CONFIG_ERROR_EXIT_CODE = 2


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # it would print local variables, secrets among them
    help="Search what is being seen and said right now. Settings are NOWSEEN_* in the environment.",
)

app.command()(search)
app.add_typer(speakers)
app.add_typer(rules)
app.add_typer(webhooks)
app.add_typer(evaluate)

_Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every line of every part.")]


def main() -> None:
    """The console script. What the user can mend is shown as sentences: a traceback would hide it."""
    try:
        app(prog_name="nowseen")
    except ConfigError as error:
        for mistake in error.mistakes:
            _say(mistake)
        sys.exit(_CONFIG_ERROR_EXIT_CODE)
    except OSError as error:  # ConnectionError is one: a broker or a store that does not answer
        _say(_explain(error))
        sys.exit(_FAILED_EXIT_CODE)


def _say(mistake: str) -> None:
    typer.secho(f"nowseen: {mistake}", fg="red", err=True)


def _explain(error: OSError) -> str:
    if error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}. NOWSEEN_DATA and NOWSEEN_CACHE say where files are kept"


@app.command()
def up(verbose: _Verbose = False) -> None:
    """Run everything on this machine: broker, worker, search node and dashboard."""
    from nowseen.up_command import up_command

    raise typer.Exit(up_command(_settings(), verbose=verbose))


@app.command()
def demo(
    check: Annotated[
        bool, typer.Option("--check", help="No terminal, no browser: ask, compare with what is known, end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: print the outcome as JSON.")] = False,
    verbose: _Verbose = False,
) -> None:
    """Run everything with sample video, speech and text, and ask it some questions."""
    if as_json and not check:
        raise typer.BadParameter("--json goes with --check")
    if check:
        from nowseen.demo_check import check_demo

        raise typer.Exit(check_demo(_settings(), as_json=as_json, verbose=verbose))
    from nowseen.demo_command import demo_command

    raise typer.Exit(demo_command(_settings(), verbose=verbose))


@app.command()
def publish(
    what: Annotated[list[str], typer.Argument(help="Files, folders, addresses (rtsp://...), or - for lines of text.")],
    source: Annotated[str | None, typer.Option("--source", "-s", help="The source's name; else made of WHAT.")] = None,
    start_time: Annotated[
        str | None, typer.Option(help="Event time of the beginning, Unix seconds or ISO 8601; else now.")
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Files at the speed they were recorded at.")] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Files again and again.")] = False,
    retries: Annotated[
        int | None, typer.Option(help="How often in a row a lost address is opened again; else for ever.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Send video, audio or text to be indexed."""
    settings = _settings()
    from nowseen.connections import kafka_settings
    from nowseen.publish_command import publish_command
    from nowseen.settings import load_topology
    from streams.archive import FsspecArchive

    code = publish_command(
        what,
        kafka=kafka_settings(settings),
        topology=load_topology(settings),
        archive=FsspecArchive(settings.archive_url),
        # Tansu holds its data in memory.
        by_reference=settings.broker_kind == "tansu",
        name=source,
        start_time=start_time,
        realtime=realtime,
        loop=loop,
        retries=retries,
        as_json=as_json,
        replication_factor=settings.kafka_replication,
    )
    raise typer.Exit(code)


@app.command()
def broker() -> None:
    """Run a Kafka broker: Apache Kafka from NOWSEEN_KAFKA_HOME, else a small one that comes with Nowseen."""
    from nowseen.settings import load_topology
    from streams.broker import run_apache_kafka, run_tansu

    settings = _settings()
    if settings.broker_kind == "external":
        raise ConfigError(f"NOWSEEN_BROKER says that {settings.broker} is the broker: unset it to run one here")
    if settings.kafka_home is not None:
        run_apache_kafka(settings.broker_port, settings.kafka_home, settings.data / "kafka")
    _log_to_stdout()
    raise typer.Exit(run_tansu(settings.broker_port, settings.data / "broker", load_topology(settings)))


@app.command()
def worker() -> None:
    """Run a media worker: video, audio and texts in, moments out."""
    settings = _settings()
    _log_to_stdout()
    from nowseen.worker import run_worker

    run_worker(settings)


@app.command()
def node() -> None:
    """Run the search node: stores moments and answers searches."""
    settings = _settings()
    _log_to_stdout()
    from nowseen.node import run_node

    run_node(settings)


@app.command()
def dashboard() -> None:
    """Run the dashboard."""
    settings = _settings()
    from dashboards.server import serve
    from domain.served_hosts import ServedHosts

    hosts = ServedHosts(settings.dashboard_host, settings.allowed_hosts)
    serve(settings.node_url, settings.dashboard_host, settings.dashboard_port, hosts)


@app.command()
def models(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Say which models are used, where they come from, and their licences."""
    settings = _settings()
    from nowseen.models_command import models_command

    models_command(settings, as_json=as_json)


@app.command()
def topology(
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print the diagram.")] = False,
) -> None:
    """Check topology.yaml."""
    from domain.topology import to_mermaid
    from nowseen.settings import load_topology

    settings = _settings()
    checked = load_topology(settings)
    if mermaid:
        print(to_mermaid(checked))
    else:
        print(
            f"{settings.topology} is right: {len(checked.topics)} topics, {len(checked.agents)} agents, "
            f"{len(checked.collections)} collections"
        )


def _settings() -> Settings:
    from nowseen.settings import load_settings

    return load_settings()


def _log_to_stdout() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
