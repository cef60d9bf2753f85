"""Search commands of the command line: start, resume, pause and stop a search, list and promote trials."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from core.cli.command import Command
from core.cli.runs import add_detach, add_settings, training_config
from core.cli.terminal import (
    STOPPED,
    Answer,
    FailedError,
    end_line,
    raise_if_failed,
    show_progress,
    wait_or_stop,
)
from core.data.dataset import open_dataset
from core.errors import ConfigError, NotFoundError
from core.files import whole_file
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.messages import N_
from core.records import JsonValue, to_json_value
from core.runs.control import finishing_job, pause, resume, stop, wait_for
from core.runs.start_runs import start_run_of_trial, start_search
from core.search.analysis.export import settings_json, trials_csv
from core.search.climb import climb_config
from core.search.config import Goal, Pruner, Sampler, Scoring, SearchConfig, Tradeoff
from core.search.records import SearchSummary, TrialRecord, counts, ranked, read_trials
from core.search.space import SearchSpace, Speed, Value, canonical_value, default_space
from core.search.workers.cores import suggested_workers
from core.search.workers.remote_worker import join
from core.training.config import Recipe, TrainingConfig
from core.workspace import find_search, get_project, project_of

# Trials of a search for which several processes pay off.
_MIN_TRIALS_FOR_PROCESSES = 20


def _search(options: argparse.Namespace) -> Answer:
    """Start a search, or act on an existing one."""
    if options.worker:
        return join(options.worker, project=options.project or "", storage=options.storage)
    for name, act in (("stop", stop), ("pause", pause)):
        if getattr(options, name):
            job = _job_named(getattr(options, name))
            act(job)
            return _ended(job, wait_for(job, show_progress))
    if options.resume:
        job = _job_named(options.resume)
        resume(job, extra_minutes=options.minutes, extra_trials=options.trials)
        return _answer(job, options)
    if not options.project:
        raise ConfigError(N_("Name the project to search settings for: --project NAME."))
    project = get_project(options.project)
    config = _search_config(options, open_dataset(project).version)
    return _answer(start_search(project, config), options)


def _climb(options: argparse.Namespace) -> Answer:
    """Climb the ladder for the minutes given, and report the run and every rung."""
    project = get_project(options.project)
    base = training_config(options, open_dataset(project).version)
    job = start_search(project, climb_config(base, options.minutes, Goal(options.goal)))
    answer = _answer(job, options)
    return answer | {"rungs": [_rung(trial) for trial in read_trials(job.path)]}


def _rung(trial: TrialRecord) -> Answer:
    settings = TrainingConfig.from_json(dict(trial.settings))
    return {
        "number": trial.number,
        "state": trial.state,
        "backbone": settings.backbone,
        "recipe": settings.recipe,
        "augmentation": settings.augmentation.is_active,
        "value": trial.value,
        "seconds": trial.seconds,
    }


def _job_named(name: str) -> JobDirectory:
    return JobDirectory(find_search(name)[1])


def _search_config(options: argparse.Namespace, version: int) -> SearchConfig:
    speed = Speed(options.speed)
    if speed is Speed.FULL and options.recipe is None:
        options.recipe = Recipe.BALANCED.value
    base = training_config(options, version)
    return SearchConfig(
        base=base,
        minutes=options.minutes or 0.0,
        trials=options.trials or 0,
        speed=speed,
        goal=Goal(options.goal),
        tradeoff=Tradeoff(options.tradeoff),
        space=_space(options, speed, base),
        sampler=Sampler(options.sampler),
        pruner=Pruner(options.pruner),
        scoring=Scoring(options.scoring),
        folds=options.folds,
        workers=options.workers or _usual_workers(options, speed),
        seed=options.seed or 0,
        storage=options.storage,
        start_from=options.start_from,
    )


def _usual_workers(options: argparse.Namespace, speed: Speed) -> int:
    """One process for a reproducible or short search, else the recommended number."""
    is_short = options.trials is not None and options.trials < _MIN_TRIALS_FOR_PROCESSES
    return 1 if is_short or options.seed is not None else suggested_workers(speed)


def _space(options: argparse.Namespace, speed: Speed, base: TrainingConfig) -> SearchSpace:
    """Make the search space: the default one with the named domains, or with ``--only`` these alone."""
    named = SearchSpace.from_json(dict(options.space)).domains
    if options.only and not named:
        raise ConfigError(N_("--only varies what --space names, and it names nothing."))
    if not named or options.only:
        return SearchSpace(domains=named)
    return SearchSpace(domains={**default_space(speed, base).domains, **named})


def _answer(job: JobDirectory, options: argparse.Namespace) -> Answer:
    if options.detach:
        return {"search": job.name, "state": job.status().state, "pid": job.process_id()}
    print(f"search {job.name} started; Ctrl-C stops it and keeps the best", file=sys.stderr)
    return _ended(job, wait_or_stop(job))


def _ended(job: JobDirectory, state: JobState) -> Answer:
    """Report the result of a search, after its best trial is evaluated and exported."""
    raise_if_failed(job, state)
    answer: Answer = {"search": job.name, "state": state, "trials": counts(read_trials(job.path))}
    if state is JobState.PAUSED:
        return answer
    run = _run_of_best(job)
    summary = _summary(job)
    if run is None and summary is not None and summary.weights_elsewhere is not None:
        print(summary.weights_elsewhere, file=sys.stderr)
        return answer | _reported(summary) | {"run": None, "test": None, "seconds": summary.seconds}
    if run is None or summary is None:
        raise FailedError("stopped before a trial was complete", STOPPED)
    raise_if_failed(run, wait_for(run, show_progress))
    end_line()
    test = (run.result() or {}).get("test")
    return answer | _reported(summary) | {"run": run.name, "test": test, "seconds": summary.seconds}


def _summary(job: JobDirectory) -> SearchSummary | None:
    return job.step_result("search", SearchSummary)


def _reported(summary: SearchSummary) -> Answer:
    """Select the part of a summary that the command prints."""
    names = ("best", "baseline", "selection_bias", "gain", "pareto_front")
    return {name: to_json_value(getattr(summary, name)) for name in names}


def _run_of_best(job: JobDirectory) -> JobDirectory | None:
    """Find the run of the best trial; after a stop, wait for the job that makes it."""
    project = project_of(job.path)
    rest = finishing_job(project, job.path)
    if rest is not None:
        raise_if_failed(rest, wait_for(rest))
    name = (job.result() or {}).get("run")
    return JobDirectory(project.runs / name) if name else None


def _trials(options: argparse.Namespace) -> Answer:
    job = _job_named(options.search)
    trials = read_trials(job.path)
    goal = SearchConfig.from_json(job.config()).goal
    if options.run is not None:
        run = start_run_of_trial(job, options.run)
        raise_if_failed(run, wait_for(run, show_progress))
        end_line()
        test = (run.result() or {}).get("test")
        return {"search": job.name, "trial": options.run, "run": run.name, "test": test}
    if options.csv:
        _write(options.csv, trials_csv(trials))
    if options.settings:
        _write(options.settings, settings_json(_best(ranked(trials, goal), job)))
    return {
        "search": job.name,
        "counts": counts(trials),
        "trials": [_row(trial) for trial in ranked(trials, goal)] if options.json else [],
        "best": [_row(trial) for trial in ranked(trials, goal)[:5]],
    }


def _best(trials: list[TrialRecord], job: JobDirectory) -> TrialRecord:
    if not trials:
        raise NotFoundError(N_("Search “{name}” has no complete trial yet."), name=job.name)
    return trials[0]


def _row(trial: TrialRecord) -> Answer:
    return {
        "number": trial.number,
        "value": trial.value,
        "second": trial.second,
        "seconds": trial.seconds,
        "params": dict(trial.params),
        "has_weights": trial.has_weights,
    }


def _write(file: Path, text: str) -> None:
    with whole_file(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


_ACTIONS = {
    "resume": "resume a search; --minutes or --trials extend it",
    "pause": "pause a search",
    "stop": "stop a search and keep its best trial",
    "worker": "join a running search, here or (with --storage) on another machine, until it is over",
}


def _add_search_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project")
    parser.add_argument("--minutes", type=float, help="of work")
    parser.add_argument("--trials", type=int, help="complete, pruned or failed")
    parser.add_argument(
        "--speed", choices=list(Speed), default=Speed.HEAD, help="heads only, or whole networks"
    )
    parser.add_argument("--goal", choices=list(Goal), default=Goal.ACCURACY)
    parser.add_argument("--tradeoff", choices=list(Tradeoff), default=Tradeoff.NONE)
    parser.add_argument(
        "--space", type=_domain, action="append", default=[], metavar="l2=0.001:1",
        help="a setting to vary, with its range or its values (pooling=global,grid); may be repeated",
    )  # fmt: skip
    parser.add_argument("--only", action="store_true", help="vary only what --space names")
    parser.add_argument(
        "--sampler", choices=[one for one in Sampler if one is not Sampler.LADDER], default=Sampler.TPE
    )
    parser.add_argument("--pruner", choices=list(Pruner), default=Pruner.MEDIAN)
    parser.add_argument("--scoring", choices=list(Scoring), default=Scoring.AUTO)
    parser.add_argument("--folds", type=int, default=5, help="of cross-validation")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes on this machine (default: as many as are useful; with --seed, 1)",
    )
    parser.add_argument(
        "--storage", default="", metavar="postgresql://…", help="database that several machines share"
    )
    parser.add_argument("--start-from", default="", metavar="SEARCH", help="try its best settings first")
    parser.add_argument("--seed", type=int)
    for name, summary in _ACTIONS.items():
        parser.add_argument(f"--{name}", metavar="SEARCH", help=summary)
    add_settings(parser)
    add_detach(parser)


def _add_climb_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True)
    parser.add_argument(
        "--minutes",
        type=float,
        required=True,
        help="of work; a step is begun if its test and export fit as well",
    )
    parser.add_argument("--goal", choices=list(Goal), default=Goal.ACCURACY)
    parser.add_argument("--seed", type=int)
    add_settings(parser)
    add_detach(parser)


def _add_trials_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("search")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all trials as CSV")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="write the settings of the best trial")
    parser.add_argument("--run", type=int, metavar="NUMBER", help="make this trial a run")


def _domain(text: str) -> tuple[str, JsonValue]:
    """Parse a dimension and its domain: ``l2=0.001:1`` or ``pooling=global,grid``."""
    name, equals, values = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=low:high or name=one,other")
    low, colon, high = values.partition(":")
    if colon:
        return name, {"low": _value(low), "high": _value(high)}
    return name, {"choices": [canonical_value(name, _value(value)) for value in values.split(",")]}


def _value(text: str) -> Value:
    try:
        value: Value = json.loads(text)
        return value
    except json.JSONDecodeError:
        return text


COMMANDS = (
    Command(
        name="search",
        summary="search for better settings and make the best trial a run",
        run=_search,
        add_arguments=_add_search_arguments,
    ),
    Command(
        name="climb",
        summary="make the best classifier that these minutes allow",
        run=_climb,
        add_arguments=_add_climb_arguments,
    ),
    Command(
        name="trials",
        summary="list the trials of a search",
        run=_trials,
        add_arguments=_add_trials_arguments,
    ),
)
