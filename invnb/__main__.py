"""The command line: `python -m invnb --help`. `make` is the usual way to it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from invnb.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    The exit status: 0 all well, 1 a category failed or an input is wrong, 2 the command line is wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except InputError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("✗ stopped; the last good reports are untouched", file=sys.stderr)
        return 130


def _report(options: argparse.Namespace) -> int:
    from invnb.pipeline import categories, run_all
    from invnb.publish import write_index

    overrides = dict(pair.split("=", 1) for pair in options.set)
    names = list(dict.fromkeys(options.categories or categories()))
    outcomes = run_all(names, overrides, jobs=options.jobs, say=lambda line: print(f"  {line}", flush=True))
    index = write_index()
    for outcome in outcomes:
        if outcome.status == "ok":
            print(f"✓ {outcome.category}  {outcome.seconds:.1f} s  {outcome.report}")
        elif outcome.status == "skipped" and not options.categories:
            print(f"– {outcome.category}  skipped: {outcome.message}")
        else:
            kept = f"\n  the last good report is kept: {outcome.report}" if outcome.report else ""
            print(f"✗ {outcome.category}  {outcome.stage}  {outcome.message}{kept}", file=sys.stderr)
    counts = {word: sum(o.status == word for o in outcomes) for word in ("ok", "failed", "skipped")}
    if options.categories:
        failed = counts["failed"] + counts["skipped"]
    else:
        failed = counts["failed"]
        print(f"{counts['ok']} reports, {counts['failed']} failed, {counts['skipped']} skipped  {index}")
    return 1 if failed else 0


def _compare(options: argparse.Namespace) -> int:
    from invnb.inputs import input_files, input_folder
    from invnb.params import load_params
    from invnb.pipeline import run_all
    from invnb.publish import write_comparison, write_index
    from invnb.run import home

    names = [options.a, options.b]
    if options.a == options.b:
        raise InputError(f'A and B are both "{options.a}"', remedy="name two files of params/")
    turns = [names]
    for name in names:  # both, before minutes are spent on the first
        loaded = load_params(home() / "params" / f"{name}.yml")
        input_folder(loaded.values.data_folder, print)
        input_files(loaded)
        if loaded.base in names:  # a what-if takes over from its base what is the same
            turns = [[loaded.base], [name]]
    say = lambda line: print(f"  {line}", flush=True)  # noqa: E731
    outcomes = [one for turn in turns for one in run_all(turn, {}, jobs=options.jobs, say=say)]
    write_index()
    missing = [outcome for outcome in outcomes if outcome.status != "ok"]
    for outcome in missing:
        print(f"✗ {outcome.category}  {outcome.stage}  {outcome.message}", file=sys.stderr)
    if missing:
        return 1
    lines, page = write_comparison(options.a, options.b)
    print("\n".join(["", *lines, "", f"✓ {page}"]))
    return 0


def _answers(options: argparse.Namespace) -> int:
    from invnb.decide.answers import keep_answers, read_answers

    found = read_answers(options.file, review_date=options.review)
    kept = keep_answers(found.overrides, options.into)
    for row in found.rejected.to_dict("records"):
        sheet = f", sheet {row['sheet']}" if row["sheet"] else ""
        place = f"{row['file']}{sheet}, line {row['line']}"
        print(f'✗ {place}: {row["what"]} ("{row["value"]}"); {row["remedy"]}', file=sys.stderr)
    changed = int(found.overrides["planner_units"].notna().sum())
    print(f"✓ {len(found.overrides)} lines, {changed} changed, kept in {options.into} ({kept} lines in all)")
    return 1 if len(found.rejected) else 0


def _check(options: argparse.Namespace) -> int:
    from invnb.inputs import NotFetched
    from invnb.pipeline import categories

    failed = 0
    for category in options.categories or categories():
        try:
            print(f"✓ {category}: {_checked(category)}", flush=True)
        except NotFetched as missing:
            print(f"– {category}: {missing}", flush=True)
            failed += bool(options.categories)
        except InputError as error:
            print(f"✗ {error}", file=sys.stderr, flush=True)
            failed += 1
    return 1 if failed else 0


def _checked(category: str) -> str:
    """What the files of a category hold; read as its run would read them, and nothing is kept."""
    from invnb.data.ingest import ingest
    from invnb.inputs import customer_salt, input_files, input_folder, load_sources, sources_file
    from invnb.params import load_params
    from invnb.run import home

    loaded = load_params(home() / "params" / f"{category}.yml")
    run = loaded.values
    folder = input_folder(run.data_folder, print)
    files = len(input_files(loaded)) - 1
    sources = load_sources(sources_file(run.sources))
    data = ingest(sources, folder, run.product_category, run.period, run.data_through, customer_salt())
    lines = data.ledger.groupby("outcome")["lines"].sum()
    refused = lines.get("rejected", 0)
    last = data.tables["sales"]["order_ts"].max()
    return (
        f"{files} file{'s' * (files > 1)}, {lines.sum():,} lines, {refused:,} of them refused; "
        f"{len(data.tables['products'])} products of category {run.product_category}, "
        f"{data.panel['period'].nunique()} {run.period}s up to {last:%Y-%m-%d}"
    )


def _sample(options: argparse.Namespace) -> int:
    from invnb.data.sample import write_sample

    if options.folder.exists() and not options.folder.is_dir():
        raise InputError("this is a file, not a folder", file=options.folder, remedy="name another folder")
    write_sample(options.folder, seed=options.seed)
    print(options.folder)
    return 0


def _data(options: argparse.Namespace) -> int:
    from invnb.data.fetch import fetch_online_retail

    print(fetch_online_retail(options.folder))
    return 0


def _docs(_: argparse.Namespace) -> int:
    from invnb.reference import parameters_page, tables_page
    from invnb.run import PROJECT

    for name, text in {"parameters": parameters_page(), "tables": tables_page()}.items():
        (PROJECT / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, with its example."""

    def error(self, message: str) -> NoReturn:
        what = message.replace("the following arguments are required:", "missing:")
        example = f"; {self.epilog}" if self.epilog else ""
        self.exit(2, f"✗ {self.prog}: {what}{example}.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="invnb",
        description="From a shop's exported files to orders and a report.",
        epilog="see `python -m invnb --help`",
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    report = commands.add_parser(
        "report",
        help="bring reports up to date (all of params/ if none is named)",
        epilog='for example `make report CATEGORY=toys SET="budget=5000"`',
    )
    report.add_argument("categories", nargs="*", metavar="category", type=_name)
    report.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", type=_assignment)
    report.add_argument("--jobs", type=_jobs, default=2, help="notebooks at a time (default 2)")
    report.set_defaults(command=_report)

    compare = commands.add_parser(
        "compare",
        help="what one parameter file changes beside another",
        epilog="for example `make compare A=toys B=toys_more_budget`",
    )
    compare.add_argument("a", metavar="A", type=_name)
    compare.add_argument("b", metavar="B", type=_name)
    compare.add_argument("--jobs", type=_jobs, default=2, help="notebooks at a time (default 2)")
    compare.set_defaults(command=_compare)

    answers = commands.add_parser(
        "answers",
        help="keep a planner's answer: the order file filled in",
        epilog="for example `python -m invnb answers orders.xlsx --review 2025-12-28`",
    )
    answers.add_argument("file", type=Path)
    answers.add_argument("--review", required=True, metavar="2025-12-28", type=_day, help="day of the review")
    answers.add_argument("--into", type=Path, default=Path("data/answers.csv"), help="file of all answers")
    answers.set_defaults(command=_answers)

    check = commands.add_parser(
        "check",
        help="check parameter files and read their inputs; nothing is run",
        epilog="for example `make check CATEGORY=toys`",
    )
    check.add_argument("categories", nargs="*", metavar="category", type=_name)
    check.set_defaults(command=_check)

    sample = commands.add_parser(
        "sample",
        help="write the sample shop's files",
        epilog="for example `python -m invnb sample data/other_shop --seed 7`",
    )
    sample.add_argument("folder", type=Path)
    sample.add_argument("--seed", type=int, default=42)
    sample.set_defaults(command=_sample)

    data = commands.add_parser("data", help="fetch the public data set Online Retail")
    data.add_argument("folder", type=Path, nargs="?", default=Path("data/online_retail"))
    data.set_defaults(command=_data)

    docs = commands.add_parser("docs", help="write the reference pages docs/parameters.md and docs/tables.md")
    docs.set_defaults(command=_docs)
    return parser


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; name a file of params/ without its .yml")
    return text


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of notebooks from 1')
    return int(text)


def _day(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is not a date; write it as 2025-12-28') from None


def _assignment(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f'"{text}" is not NAME=VALUE')
    return text


if __name__ == "__main__":
    sys.exit(main())
