"""True and false as 1 and 0, for a dialect in which no column can hold a truth."""

from sqlglot import exp

__all__ = ["without_booleans"]

_TRUTHS = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean)


def without_booleans(tree: exp.Expr) -> exp.Expr:
    """Write truths that are selected, or coalesced, as 1 and 0.

    What is not known is false, as in the grammar of criteria; conditions stay as they
    are.
    """
    for tuples in list(tree.find_all(exp.In)):
        _without_tuples(tuples)
    for first in list(tree.find_all(exp.Coalesce)):
        if _is_truth(first.this):
            absent = first.expressions[0]
            assert isinstance(absent, exp.Boolean), "what is not known is true or false"
            first.replace(_is_one(_as_number(first.this, absent=bool(absent.this))))
    # From the inside, since one may stand in another.
    for choice in reversed(list(tree.find_all(exp.Case))):
        results = [one.args["true"] for one in choice.args["ifs"]]
        if all(_is_truth(one) for one in results):
            for result in (*results, choice.args["default"]):
                result.replace(_as_number(result))
            choice.replace(_is_one(choice.copy()))
    for select in list(tree.find_all(exp.Select)):
        for output in list(select.expressions):
            value = output.this if isinstance(output, exp.Alias) else output
            if _is_truth(value):
                value.replace(_as_number(value))
    return tree


def _is_truth(node: exp.Expr) -> bool:
    return isinstance(node.unnest(), _TRUTHS)


def _is_one(number: exp.Expr) -> exp.Expr:
    return exp.paren(exp.EQ(this=number, expression=_number(1)))


def _as_number(truth: exp.Expr, *, absent: bool = False) -> exp.Expr:
    """Write a truth as a number; `absent` is what one that is not known becomes."""
    if isinstance(truth, exp.Boolean):
        return _number(int(truth.this))
    if absent:
        denied = exp.not_(exp.paren(truth.copy()))
        return exp.Case().when(denied, _number(0)).else_(_number(1))
    return exp.Case().when(truth.copy(), _number(1)).else_(_number(0))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _without_tuples(node: exp.In) -> None:
    """Compare pair by pair what is a tuple in tuples."""
    if not isinstance(node.this, exp.Tuple):
        return
    pairs = [
        exp.and_(
            *(
                exp.EQ(this=one.copy(), expression=other.copy())
                for one, other in zip(
                    node.this.expressions, values.expressions, strict=True
                )
            )
        )
        for values in node.expressions
    ]
    node.replace(exp.paren(exp.or_(*pairs)))
