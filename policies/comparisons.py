"""Values against operands: the tests of the operators, for collections, and where parts aren't known."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from policies.compiled_expressions import Compiled
from policies.counts import Ask
from policies.fields import Collection
from policies.operators import OPERATORS, Test, check_constant
from policies.partial_texts import tell
from policies.scope import Scope
from policies.template_ids import told_by_ids
from policies.values import EvaluationError, Truth, Unknown, first_unknown, known


def compared(get: Callable[[Scope], Any], operator: str, operand: Compiled) -> Ask:
    """The condition that holds a value, or a collection, against an operand; tested once if constant.

    Args:
        get: gives the value. Where it is known in part, the parts of its text may tell the answer.
        operator: lower-cased.
        operand: compiled.
    """
    if operand.evaluate is None and first_unknown(operand.constant) is None:
        try:
            check_constant(operator, operand.constant)
            fixed = OPERATORS[operator](operand.constant)
        except EvaluationError as error:
            return _failing(error)

        def ask(scope: Scope) -> Truth:
            value = get(scope)
            if type(value) in _PARTS:
                return _of_parts(value, fixed, operator, operand.constant)
            if type(value) is Unknown:
                return tell(value, operator, operand.constant)
            return fixed(value)

        return ask

    def ask_dynamic(scope: Scope) -> Truth:
        value = get(scope)
        given = operand.value(scope)
        unknown = first_unknown(given)
        if unknown is not None:
            # Nothing to compare is true whatever it would be compared with.
            return True if type(value) is Collection and not value.members else unknown
        if given is None:
            no_operand(scope)
        test = _text_test(operator, given) if type(given) is str else OPERATORS[operator](given)
        if type(value) in _PARTS:
            return _of_parts(value, test, operator, given)
        told = told_by_ids(operator, value, given)
        if told is not None:
            return told
        if type(value) is Unknown:
            return tell(value, operator, given)
        return test(value)

    return ask_dynamic


@functools.lru_cache(maxsize=4096)
def _text_test(operator: str, operand: str) -> Test:
    return OPERATORS[operator](operand)


def no_operand(_scope: Scope) -> Any:
    """Fails, as an operand that gives null does."""
    # Azure/azure-policy-linter, unguarded-tryget-operator-value: an expression that gives null can't be an operand.
    raise EvaluationError("what is compared with is null")


def _failing(error: EvaluationError) -> Ask:
    message = str(error)

    def ask(_scope: Scope) -> Truth:
        raise EvaluationError(message)

    return ask


_PARTS = frozenset({Collection, dict, list})


def _of_parts(value: Any, test: Callable[[Any], bool], operator: str, operand: Any) -> Truth:
    """The truth for a collection (every member passes; an empty one does), an object or an array."""
    if type(value) is not Collection:
        return _of_container(value, test, operator, operand)
    unknown: Unknown | None = None
    truth: Truth
    try:
        for member in value.members:
            kind = type(member)
            told = told_by_ids(operator, member, operand)
            if told is not None:
                truth = told
            elif kind is Unknown:
                truth = tell(member, operator, operand)
            else:
                truth = _of_container(member, test, operator, operand) if kind in _PARTS else test(member)
            if truth is False:
                return False
            if truth is not True:
                unknown = truth
    except EvaluationError:
        if unknown is None:
            raise
        return unknown
    return True if unknown is None else unknown


def _of_container(value: Any, test: Callable[[Any], bool], operator: str, operand: Any) -> Truth:
    """The truth for an object or an array, of which a part may not be known."""
    positive = operator.removeprefix("not")
    looks_inside = positive == "contains" or (
        positive in ("equals", "in") and (isinstance(operand, dict | list) or isinstance(known(value), Unknown))
    )
    unknown = first_unknown(value) if looks_inside else None
    if unknown is None:
        return test(value)
    # What is there for certain may settle it: one member that is contained is enough.
    if positive == "contains" and test(value) is (positive == operator):
        return positive == operator
    return unknown
