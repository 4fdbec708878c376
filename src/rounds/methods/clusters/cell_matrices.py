"""Matrices of persons that see no more of a person than the cell he or she is in.

With N the persons × cells indicator of a cluster, every covariance matrix of a model
with random effects of clusters and of their periods is a I + N K N', and so are its
inverse and all products of such: a number and a cells × cells matrix stand for one of
persons.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CellMatrix", "Cells"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CellMatrix:
    """a I + N K N' of every cluster."""

    scale: float
    """a, the same for all."""
    cells: Floats
    """K, shape (n_clusters, n_periods, n_periods)."""


@dataclass(frozen=True)
class Cells:
    """What a linear model needs to know of persons: sums in each cell, and over all.

    A cell that nobody is in has sums of nought.
    """

    counts: Floats
    """Persons, shape (n_clusters, n_periods)."""
    x: Floats
    """Sums of the design's columns, shape (n_clusters, n_periods, n_columns)."""
    y: Floats
    """Sums of the outcome, shape (n_clusters, n_periods)."""
    xx: Floats
    """X'X over all persons."""
    xy: Floats
    yy: float

    @classmethod
    def of(
        cls,
        y: Floats,
        X: Floats,
        clusters: NDArray[np.intp],
        periods: NDArray[np.intp],
    ) -> "Cells":
        """Sum persons.

        Parameters
        ----------
        y : array of float, shape (n_persons,)
            The outcome.
        X : array of float, shape (n_persons, n_columns)
            The design.
        clusters, periods : array of int, shape (n_persons,)
            Codes from 0; none is left out.
        """
        shape = (int(clusters.max()) + 1, int(periods.max()) + 1)
        cell = clusters * shape[1] + periods
        n_cells = shape[0] * shape[1]

        def summed(values: Floats | None) -> Floats:
            counted = np.bincount(cell, weights=values, minlength=n_cells)
            return counted.reshape(shape).astype(float)

        return cls(
            counts=summed(None),
            x=np.stack([summed(column) for column in X.T], axis=-1),
            y=summed(y),
            xx=X.T @ X,
            xy=X.T @ y,
            yy=float(y @ y),
        )

    @property
    def n(self) -> int:
        """Persons."""
        return int(self.counts.sum())

    def ones(self) -> CellMatrix:
        """Give the identity."""
        g, t = self.counts.shape
        return CellMatrix(1.0, np.zeros((g, t, t)))

    def alike(self, *, within_periods: bool) -> CellMatrix:
        """Give 1 for two persons of a cluster, or of a cluster's period; else 0."""
        g, t = self.counts.shape
        one = np.eye(t) if within_periods else np.ones((t, t))
        return CellMatrix(0.0, np.broadcast_to(one, (g, t, t)))

    def inverse(self, matrix: CellMatrix) -> CellMatrix:
        """Give the inverse.

        (a I + N K N')⁻¹ = (I − N K (a I + C K)⁻¹ N') / a, where C = N'N counts.
        """
        a, K = matrix.scale, matrix.cells
        inner = a * np.eye(K.shape[-1]) + self.counts[:, :, None] * K
        # K (aI + CK)⁻¹ is symmetric, so it is its transpose that is solved for.
        turned = inner.transpose(0, 2, 1)
        solved = np.linalg.solve(turned, K.transpose(0, 2, 1)).astype(np.float64)
        return CellMatrix(1 / a, -solved / a)

    def product(self, one: CellMatrix, other: CellMatrix) -> CellMatrix:
        """Multiply two."""
        a, b, K, L = one.scale, other.scale, one.cells, other.cells
        return CellMatrix(a * b, a * L + b * K + (K * self.counts[:, None, :]) @ L)

    def trace(self, matrix: CellMatrix) -> float:
        """Sum the diagonal."""
        diagonal = np.einsum("gtt,gt->", matrix.cells, self.counts)
        return matrix.scale * self.n + float(diagonal)

    def between_x(self, matrix: CellMatrix) -> Floats:
        """Give X'MX."""
        p = self.x.shape[-1]
        inner = self.x.reshape(-1, p).T @ (matrix.cells @ self.x).reshape(-1, p)
        return np.asarray(matrix.scale * self.xx + inner, dtype=float)

    def x_to_y(self, matrix: CellMatrix) -> Floats:
        """Give X'My."""
        seen = (matrix.cells @ self.y[:, :, None]).ravel()
        inner = self.x.reshape(-1, self.x.shape[-1]).T @ seen
        return np.asarray(matrix.scale * self.xy + inner, dtype=float)

    def between_residuals(self, matrix: CellMatrix, beta: Floats) -> float:
        """Give r'Mr, where r = y − Xb."""
        squares = self.yy - 2 * beta @ self.xy + beta @ self.xx @ beta
        sums = self.y - self.x @ beta
        inner = sums.ravel() @ (matrix.cells @ sums[:, :, None]).ravel()
        return float(matrix.scale * squares + inner)
