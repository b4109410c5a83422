"""``eas exporter``: the ledger as metrics for Prometheus."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base.command import command
from components.cli.base.ending import CommandError, Exit
from components.cli.base.session import Session, now

if TYPE_CHECKING:
    from components.exporter.scrape import Scraper

PORT = 9719
LOOPBACK = "127.0.0.1"

PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, metavar="N", help="0: any that is free.")
]
AddressOption = Annotated[
    str, typer.Option("--address", metavar="IP", help="Where to listen; 0.0.0.0 is everywhere.")
]
OnceOption = Annotated[
    bool, typer.Option("--once", help="Print the metrics and end, for node_exporter's textfile collector.")
]
CardsOption = Annotated[
    bool, typer.Option("--cards", help="Metrics of each card as well: three series a card.")
]
PoolsOption = Annotated[
    bool, typer.Option("--pools-only", help="No metrics of nodes: nine series a node fewer.")
]


def register(app: typer.Typer) -> None:
    """Add ``exporter``."""

    @command(
        app,
        "exporter",
        brief="metrics for Prometheus",
        examples="""
            eas exporter
            eas exporter --address 0.0.0.0 --port 9719
            eas exporter --once > /var/lib/node_exporter/eas.prom
        """,
    )
    def exporter(
        session: Session,
        port: PortOption = PORT,
        address: AddressOption = LOOPBACK,
        once: OnceOption = False,
        cards: CardsOption = False,
        pools_only: PoolsOption = False,
    ) -> Exit:
        """Serve the ledger's metrics at /metrics until interrupted; /healthz says that this process answers.

        They are of every stack in the ledger: capacity, allocation, fragmentation, waiting, conflicts, moves, readiness.
        docs/metrics.md lists them, with alerts. A role that may only read is enough. A ledger that cannot be read,
        or is not there, is `eas_up 0`. Counters are counted from the ledger's events, so that a restart does not reset them,
        except after `eas ledger prune`.
        """
        if cards and pools_only:
            raise CommandError("--cards and --pools-only exclude each other", Exit.USAGE)
        scraper = _scraper(session, cards, pools_only)
        return _print(session, scraper) if once else _serve(session, scraper, address, port)


def _scraper(session: Session, cards: bool, pools_only: bool) -> Scraper:
    from components.exporter.catalogue import Detail
    from components.exporter.scrape import Scraper
    from components.ledger import open_ledger

    url, _ = session.ledger_place
    home = session.workspace.home
    return Scraper(
        # Opened anew each time: the ledger may have been made, renewed or replaced since.
        lambda: open_ledger(url, home=home, create=False),
        clock=now,
        monotonic=time.monotonic,
        complain=lambda sentence: print(f"eas: {sentence}", file=sys.stderr, flush=True),
        detail=Detail.CARD if cards else Detail.POOL if pools_only else Detail.NODE,
    )


def _print(session: Session, scraper: Scraper) -> Exit:
    from components.exporter.server import text_of

    text = text_of(scraper)
    if session.json_output:
        session.show(_facts(scraper), "")
    else:
        print(text, end="")
    return Exit.FAILED if scraper.fault else Exit.OK


def _facts(scraper: Scraper) -> list[dict[str, Any]]:
    return [
        {"name": sample.name, "labels": sample.labels, "value": sample.value}
        for family in scraper.collect()
        for sample in family.samples
    ]


def _serve(session: Session, scraper: Scraper, address: str, port: int) -> Exit:
    from components.exporter.server import serve

    def complain(sentence: str) -> None:
        print(f"eas: {sentence}", file=sys.stderr, flush=True)

    try:
        server = serve(scraper, address, port, complain)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {address} port {port}: {error.strerror or error}; choose another with --address and --port"
        ) from error
    with server:
        session.note(
            f"metrics of {session.ledger_place.shown} at http://{address}:{server.server_port}/metrics; Ctrl-C ends it"
        )
        server.serve_forever()
    return Exit.OK
