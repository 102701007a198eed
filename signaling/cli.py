"""The command ``classroom``. Imports lazily: what a subcommand does not use is not loaded."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from signaling.settings import TABLE, Settings, SettingsError, flag, parse, variable

_SUBSETS = {"account": ("data", "database_url", "school"), "export": ("data", "database_url", "school", "storage_url"),
            "verify": ("data", "database_url", "school", "storage_url")}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    arguments = vars(_parser().parse_args(argv))
    command = arguments.pop("command")
    flags = {name: arguments.pop(name) for name in TABLE if name in arguments}
    try:
        settings = _settings(flags, arguments.pop("config", None))
    except SettingsError as error:
        for problem in error.problems:
            print(f"classroom: {problem}", file=sys.stderr)
        return 2
    return _run(command, settings, arguments)


def _settings(flags: dict[str, object], config: str | None) -> Settings:
    import tomllib

    path = config or os.environ.get("CLASSROOM_CONFIG", "")
    file: dict[str, object] = {}
    if path:
        try:
            file = tomllib.loads(Path(path).read_text("utf-8-sig"))
        except OSError as error:
            raise SettingsError([f"{path}: {error.strerror or error}"]) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError([f"{path}: not TOML: {error}"]) from error
    return parse(flags, os.environ, file, path)


def _run(command: str, settings: Settings, arguments: dict[str, object]) -> int:
    if command in ("serve", "gateway", "media", "recorder"):
        from signaling import assembly

        return assembly.run(command, settings, **arguments)  # type: ignore[arg-type]
    if command == "doctor":
        from signaling import doctor

        return doctor.main(settings)
    if command == "account":
        from signaling import accounts

        return accounts.main(settings, arguments)
    from signaling import export

    return export.main(command, settings, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="classroom",
        description="A self-hosted live classroom.",
        epilog="Every setting is a flag, an environment variable (--media-ip is CLASSROOM_MEDIA_IP), and a key "
        "of the TOML file named by --config or CLASSROOM_CONFIG (media_ip). A flag wins over a variable, "
        "a variable over the file.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, explained: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=explained, description=explained)
        _add_settings(made, _SUBSETS.get(name, tuple(TABLE)))
        return made

    add("serve", "start the whole server on this machine")
    add("gateway", "start one gateway of a cluster")
    add("media", "start one media worker of a cluster").add_argument(
        "--worker",
        type=_index,
        default=0,
        metavar="INDEX",
        help="which one; it listens on --media-port + INDEX",
    )
    add("recorder", "start the recorder of a cluster")
    add("doctor", "check this machine and these settings")
    _add_account(add("account", "make and change accounts"))
    export = add("export", "write a lesson's evidence pack: log, attendance, chat, proof, recordings")
    export.add_argument("lesson", help="the lesson's id")
    export.add_argument("--out", required=True, metavar="FILE.zip", help="the file to write")
    add("verify", "check that a lesson's log and its recorded files are unchanged").add_argument(
        "lesson", help="the lesson's id"
    )
    return parser


def _add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    group = parser.add_argument_group("settings")
    group.add_argument(
        "--config",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="TOML file with settings [CLASSROOM_CONFIG]",
    )
    for name in names:
        entry = TABLE[name]
        explained = f"{entry.help} [{variable(name)}]"
        if entry.metavar:
            group.add_argument(
                flag(name), dest=name, metavar=entry.metavar, default=argparse.SUPPRESS, help=explained
            )
        else:
            group.add_argument(
                flag(name),
                dest=name,
                action="store_const",
                const=True,
                default=argparse.SUPPRESS,
                help=explained,
            )


def _add_account(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make one account")
    add.add_argument("username")
    add.add_argument("--name", required=True, help="the person's full name")
    add.add_argument(
        "--role", required=True, choices=("admin", "teacher", "student", "staff", "support", "parent")
    )
    add.add_argument(
        "--class", dest="classes", action="append", default=[], metavar="CLASS", help="may repeat"
    )
    add.add_argument(
        "--child",
        dest="children",
        action="append",
        default=[],
        metavar="USERNAME",
        help="of a parent; may repeat",
    )
    add.add_argument("--create-classes", action="store_true", help="make the classes that are not there")
    passwd = actions.add_parser("passwd", help="give an account another password")
    passwd.add_argument("username")
    for each in (add, passwd):
        each.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from standard input; else one is made",
        )
    imports = actions.add_parser("import", help="make classes and accounts from a CSV file, all or nothing")
    imports.add_argument("file", metavar="FILE.csv", help="- for standard input")
    for each in (add, passwd, imports):
        _add_settings(each, _SUBSETS["account"])
    imports.add_argument(
        "--passwords-out", metavar="FILE", help="write the passwords made to this file (0600)"
    )


def _index(text: str) -> int:
    number = int(text)
    if not 0 <= number < 64:
        raise argparse.ArgumentTypeError("must be between 0 and 63")
    return number


if __name__ == "__main__":
    sys.exit(main())
