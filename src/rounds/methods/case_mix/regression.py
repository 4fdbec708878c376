"""Logistic and Poisson regression by maximum likelihood, for case-mix.

Data that cannot bear the model (columns that say the same, columns that separate events
from the rest) are refused in words: a fit to them would run off to infinity, and its
expectations would be taken for knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.linalg import qr
from scipy.special import expit, gammaln

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Model", "Regression", "fit_regression"]

Model = Literal["logistic", "poisson"]

_STEPS = 60
_FAR = 15.0
"""A log odds (or log rate) ratio of one standard deviation beyond this is no effect but
separation: odds three million times as high."""
_VAGUE = 50.0
"""A standard error of it beyond this, likewise."""


@dataclass(frozen=True, kw_only=True)
class Regression:
    """A fitted regression; the first coefficient is the intercept."""

    model: Model
    coefficients: NDArray[np.float64]
    """Shape (p + 1,): log odds or log rates."""
    se: NDArray[np.float64]
    """Shape (p + 1,): from the expected information."""
    covariance: NDArray[np.float64]
    """Shape (p + 1, p + 1)."""
    log_likelihood: float
    deviance: float
    n: int
    n_events: float
    expected: NDArray[np.float64]
    """Shape (n,): fitted probabilities, or expected counts."""

    def predict(
        self, covariates: ArrayLike, exposure: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Give what the model expects of other rows.

        Parameters
        ----------
        covariates : array_like of float, shape (m, p)
            Columns in the order of the fit.
        exposure : array_like of float, shape (m,), optional
            Time at risk, for a Poisson model; 1 where not given.

        Returns
        -------
        ndarray of float, shape (m,)
            Probabilities, or expected counts.

        Raises
        ------
        ValueError
            If the columns are not as many as those of the fit.
        """
        x = np.asarray(covariates, dtype=float)
        x = x.reshape(len(x), -1)
        if x.shape[1] + 1 != self.coefficients.size:
            raise ValueError(
                f"{x.shape[1]} columns for a model of {self.coefficients.size - 1}"
            )
        eta = self.coefficients[0] + x @ self.coefficients[1:]
        if self.model == "logistic":
            return np.asarray(expit(eta), dtype=float)
        time = 1.0 if exposure is None else np.asarray(exposure, dtype=float)
        return np.asarray(np.exp(eta) * time, dtype=float)


def fit_regression(
    model: Model,
    events: ArrayLike,
    covariates: ArrayLike,
    *,
    exposure: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> Regression:
    """Fit a logistic or a Poisson regression with an intercept.

    Parameters
    ----------
    model : {"logistic", "poisson"}
        Of events that are 0 or 1, or of counts.
    events : array_like of int, shape (n,)
        One row a person, or one row a cell of counts (Poisson).
    covariates : array_like of float, shape (n, p)
        Case-mix columns, finite, without an intercept.
    exposure : array_like of float, shape (n,), optional
        Time at risk above 0, for a Poisson model.
    names : sequence of str, optional
        Of the columns, to be said when one of them cannot be used.

    Returns
    -------
    Regression
        Maximum likelihood by iteratively reweighted least squares.

    Raises
    ------
    ValueError
        If shapes differ, a value is not finite, events are impossible or all alike,
        there are fewer rows than coefficients, columns are collinear, or some columns
        separate events from the rest.

    References
    ----------
    .. [1] McCullagh P, Nelder JA. Generalized linear models, 2nd ed., section 2.5, as
       R's `glm`, with which the tests compare.

    Examples
    --------
    >>> x = [[1], [2], [3], [4], [5], [6]]
    >>> fit = fit_regression("logistic", [0, 0, 1, 0, 1, 1], x)
    >>> bool(fit.coefficients[1] > 0)
    True
    """
    y, x, offset, called = _checked(model, events, covariates, exposure, names)
    _refuse_collinear(x, called)
    centre, scale = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0)
    # Columns on one scale: a step is then as far as it looks.
    design = np.column_stack([x[:, 0], (x[:, 1:] - centre) / scale])
    beta = _start(model, y, offset, design.shape[1])
    level = _log_likelihood(model, y, design @ beta + offset)
    for _ in range(_STEPS):
        mu, w = _mean(model, design @ beta + offset)
        information = (design.T * w) @ design
        step = np.linalg.solve(
            information + 1e-12 * np.eye(len(beta)), design.T @ (y - mu)
        )
        size, ahead = 1.0, -np.inf
        while size > 1e-6:
            ahead = _log_likelihood(model, y, design @ (beta + size * step) + offset)
            if ahead >= level - 1e-12 * abs(level):
                break
            size /= 2
        beta, gained, level = beta + size * step, ahead - level, ahead
        if np.abs(beta[1:]).max(initial=0.0) > _FAR:
            _refuse_separation(beta, called)
        if np.abs(size * step).max() < 1e-10 or abs(gained) < 1e-13 * abs(level):
            break
    mu, w = _mean(model, design @ beta + offset)
    information = (design.T * w) @ design
    inner = np.linalg.inv(information + 1e-300 * np.eye(len(beta)))
    # Where events are told apart only in some rows, the likelihood flattens out before
    # a coefficient is far away: its standard error says so.
    vague = np.sqrt(np.maximum(np.diag(inner), 0.0))[1:]
    if vague.max(initial=0.0) > _VAGUE or not np.isfinite(inner).all():
        _refuse_separation(np.append(0.0, vague), called)
    back = np.eye(len(beta))
    back[1:, 1:] = np.diag(1 / scale)
    back[0, 1:] = -centre / scale
    covariance = back @ inner @ back.T
    return Regression(
        model=model,
        coefficients=back @ beta,
        se=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        log_likelihood=level,
        deviance=2 * (_saturated(model, y) - level),
        n=y.size,
        n_events=float(y.sum()),
        expected=mu,
    )


def _checked(
    model: Model,
    events: ArrayLike,
    covariates: ArrayLike,
    exposure: ArrayLike | None,
    names: Sequence[str] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], list[str]]:
    if model not in ("logistic", "poisson"):
        raise ValueError(f"a regression is logistic or poisson, not {model}")
    y = np.asarray(events, dtype=float)
    x = np.asarray(covariates, dtype=float)
    if y.ndim != 1 or len(x) != y.size:
        raise ValueError(f"{len(x)} rows of covariates for {y.size} events")
    x = x.reshape(y.size, -1)
    time = np.ones(y.size) if exposure is None else np.asarray(exposure, dtype=float)
    if time.shape != y.shape or not (np.isfinite(time).all() and (time > 0).all()):
        raise ValueError("each exposure is a finite number above 0, one for each row")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("covariates and events are finite numbers")
    if model == "logistic" and not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("events of a logistic regression are 0 or 1")
    if (y < 0).any() or (y != np.floor(y)).any():
        raise ValueError("events are whole numbers of at least 0")
    if not y.any() or (model == "logistic" and y.all()):
        raise ValueError("all events are 0, or all are 1: nothing can be explained")
    if y.size <= x.shape[1] + 1:
        raise ValueError(f"{y.size} rows are too few for {x.shape[1] + 1} coefficients")
    called = list(names) if names is not None else []
    called += [f"column {i + 1}" for i in range(len(called), x.shape[1])]
    return y, np.column_stack([np.ones(y.size), x]), np.log(time), called


def _refuse_collinear(x: NDArray[np.float64], called: list[str]) -> None:
    spread = x.std(axis=0)
    still = [called[i] for i in range(x.shape[1] - 1) if spread[i + 1] == 0]
    if still:
        raise ValueError(f"the same in every row: {', '.join(still)}")
    scaled = (x[:, 1:] - x[:, 1:].mean(axis=0)) / spread[1:]
    if not scaled.size:
        return
    _, r, order = qr(scaled, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    said_twice = [
        called[order[i]] for i in range(size.size) if size[i] < 1e-9 * size[0]
    ]
    if said_twice:
        raise ValueError(
            f"collinear: what the other columns say already: {', '.join(said_twice)}"
        )


def _refuse_separation(beta: NDArray[np.float64], called: list[str]) -> None:
    at = int(np.argmax(np.abs(beta[1:]))) if beta.size > 1 else 0
    name = called[at] if called else "the intercept"
    raise ValueError(
        f"separation: {name} (alone or with others) tells events from the rest without "
        "an error, so that no effect can be estimated; merge its rare groups"
    )


def _start(
    model: Model, y: NDArray[np.float64], offset: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    beta = np.zeros(size)
    rate = y.sum() / np.exp(offset).sum()
    beta[0] = np.log(rate / (1 - rate)) if model == "logistic" else np.log(rate)
    return beta


def _mean(
    model: Model, eta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if model == "logistic":
        mu = np.asarray(expit(eta), dtype=float)
        return mu, mu * (1 - mu)
    mu = np.exp(np.minimum(eta, 700.0))
    return mu, mu


def _log_likelihood(
    model: Model, y: NDArray[np.float64], eta: NDArray[np.float64]
) -> float:
    if model == "logistic":
        return float((y * eta - np.logaddexp(0.0, eta)).sum())
    return float((y * eta - np.exp(np.minimum(eta, 700.0)) - gammaln(y + 1)).sum())


def _saturated(model: Model, y: NDArray[np.float64]) -> float:
    if model == "logistic":
        return 0.0
    some = y[y > 0]
    return float((some * np.log(some)).sum() - y.sum() - gammaln(y + 1).sum())
