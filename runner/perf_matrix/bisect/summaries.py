"""The one-line summaries of an answer, in the words of its reports.  (Pure.)"""

from __future__ import annotations

from perf_matrix.bisect.model import Bisection, Culprit, SymptomResult
from perf_matrix.bisect.report import culprit_sentence


def with_summaries(bisection: Bisection) -> Bisection:
    """The same answer, with a line for each culprit and for each symptom."""
    symptoms = [_summarised(bisection, symptom) for symptom in bisection.symptoms]
    return bisection.model_copy(update={"symptoms": symptoms})


def _summarised(bisection: Bisection, symptom: SymptomResult) -> SymptomResult:
    culprits = [_with_summary(bisection, symptom, culprit) for culprit in symptom.culprits]
    named = ", ".join(bisection.versions[culprit.version].label for culprit in culprits)
    where = f"{symptom.endpoint or symptom.cell}, {symptom.metric}"
    summary = f"{where}: {symptom.state}{f': {named}' if named else ''}"
    return symptom.model_copy(update={"culprits": culprits, "summary": summary})


def _with_summary(bisection: Bisection, symptom: SymptomResult, culprit: Culprit) -> Culprit:
    """A culprit with its line, and with theirs those inside it, which are numbered in the history that it merged."""
    update: dict[str, object] = {"summary": culprit_sentence(bisection, symptom, culprit)}
    if opened := culprit.opened:
        merged = bisection.model_copy(update={"versions": opened.versions})
        within = symptom.model_copy(update={"points": []})
        inside = [_with_summary(merged, within, each) for each in opened.culprits]
        update["opened"] = opened.model_copy(update={"culprits": inside})
    return culprit.model_copy(update=update)
