"""The command line door: what the window can show, printed or drawn without one.

Each command imports only the rooms it needs when it runs, so that a list never waits for a drawing
library. Exit codes: 0 done, 1 something in the data or the program is wrong, 2 the request cannot
be understood or met, 3 this machine lacks a library.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from siexplorer import __version__
from siexplorer.cli.arguments import spelled_like
from siexplorer.cli.drawing import first_look, snapshot
from siexplorer.cli.exporting import export
from siexplorer.cli.on_skin import ball, beneath, zones
from siexplorer.cli.own import landmarks, open_
from siexplorer.cli.reading import PACK, check_pack, knowledge, whole_pack
from siexplorer.cli.screen import open_window
from siexplorer.cli.telling import check, compare, list_, pose, show
from siexplorer.printing import DONE, FAILED, INTERRUPTED, Refusal, complain, write_anything
from siexplorer.shaping import chosen_shape, shape_command

if TYPE_CHECKING:
    from cyclopts import App


HELP = """See and understand the sacroiliac joint. Without a command, the window opens.

Start: siexplorer list, then siexplorer show left-psis. For learning only, not a diagnosis.
Before or after any command, --pack ID uses another pelvis; siexplorer packs list prints them.
With snapshot, export, pose, show, zones, ball and beneath, --shape W1 W2 … shows another shape."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    write_anything()
    if words == ["--version"]:
        # Answered before anything is imported.
        print(f"siexplorer {__version__}")
        return DONE
    try:
        with _chosen_pack(words), chosen_shape(words):
            code = _run(words)
        sys.stdout.flush()
        return code
    except Refusal as refusal:
        complain(str(refusal))
        return refusal.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough; Python must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if os.environ.get("SIEXPLORER_DEBUG") == "1":
            raise
        reason = " ".join(str(error).split())
        complain(
            f"Something went wrong that was not foreseen ({type(error).__name__}"
            f"{': ' if reason else ''}{reason}); set SIEXPLORER_DEBUG=1 and run it again to see "
            "where."
        )
        return FAILED


@contextmanager
def _chosen_pack(words: list[str]) -> Iterator[None]:
    """Take “--pack ID” out of the words, and let that pack be the one that is read meanwhile.

    A variable of the environment carries it, so that what the window starts reads the same pack.
    """
    from_outside = os.environ.get(PACK)
    chosen = from_outside or None
    for number, word in enumerate(words):
        if word == "--pack" or word.startswith("--pack="):
            taken = words[number : number + (2 if word == "--pack" else 1)]
            chosen = taken[-1].removeprefix("--pack=") if len(taken) > 1 or "=" in word else ""
            del words[number : number + len(taken)]
            if not chosen:
                raise Refusal("--pack wants the id of a pack; “siexplorer packs list” prints them.")
            break
    if chosen is None:
        yield
        return
    if words[:1] != ["packs"]:
        check_pack(chosen)
    os.environ[PACK] = chosen
    try:
        yield
    finally:
        if from_outside is None:
            os.environ.pop(PACK, None)
        else:
            os.environ[PACK] = from_outside


def _run(words: list[str]) -> int:
    if not words:
        # The window, without waiting for the reader of command lines.
        return open_window(None)
    from cyclopts import CycloptsError
    from cyclopts.exceptions import UnusedCliTokensError

    app = _app()
    try:
        result = app(words, exit_on_error=False, print_error=False)
    except UnusedCliTokensError as error:
        unknown = (error.unused_tokens or [""])[0]
        raise Refusal(_unused(unknown, words)) from None
    except CycloptsError as error:
        reason = " ".join(str(error).split())
        raise Refusal(f"{reason} See “siexplorer {_command(words)}--help”.") from None
    return result if isinstance(result, int) else DONE


def _unused(unknown: str, words: list[str]) -> str:
    command = _command(words)
    if command:
        return (
            f"“{command.strip()}” does not know what to do with “{unknown}”; see “siexplorer "
            f"{command}--help”."
        )
    near = spelled_like(unknown, [*COMMANDS, "packs"])
    meant = f"did you mean “{near[0]}”?" if near else "see “siexplorer --help”."
    return f"There is no command “{unknown}”; {meant}"


def _command(words: list[str]) -> str:
    if words[:1] == ["packs"]:
        from siexplorer import fetching

        return f"packs {words[1]} " if words[1:2] and words[1] in fetching.COMMANDS else "packs "
    return f"{words[0]} " if words and words[0] in COMMANDS else ""


def _app() -> "App":
    from typing import Annotated

    from cyclopts import App, Parameter

    app = App(
        name="siexplorer",
        help=HELP,
        help_format="plaintext",
        version_flags=[],
        default_parameter=Parameter(negative=(), consume_multiple=True, show_default=False),
        result_action="return_value",
    )

    @app.default
    def window(
        *,
        quit_after: Annotated[float | None, Parameter(show=False)] = None,
        version: Annotated[bool, Parameter(help="Print the version.")] = False,
    ) -> int:
        """Open the window."""
        if version:
            print(f"siexplorer {__version__}")
            return DONE
        return open_window(quit_after)

    for name, command in COMMANDS.items():
        app.command(command, name=name)
    app.command(_packs_app(), name="packs")
    return app


def _packs_app() -> "App":
    from cyclopts import App

    from siexplorer import fetching

    app = App(help="Packs of other people's meshes: list, fetch, verify, remove.", version_flags=[])
    for name, command in fetching.COMMANDS.items():
        app.command(command, name=name)
    return app


COMMANDS: dict[str, Callable[..., int]] = {
    "list": list_,
    "show": show,
    "snapshot": snapshot,
    "export": export,
    "pose": pose,
    "zones": zones,
    "ball": ball,
    "beneath": beneath,
    "open": open_,
    "landmarks": landmarks,
    "shape": shape_command(knowledge, whole_pack),
    "compare": compare,
    "check": check,
    "first-look": first_look,
}
