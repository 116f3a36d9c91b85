"""The configuration of the model assets, as the Launchpad shows it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from lr_pipeline.core.logistic.penalties.by_name import penalty_choice
from lr_pipeline.core.solvers.gradient_descent import GradientDescent, normal_start
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.types import Parameters
from lr_pipeline.engines.torch.torch_descent import ManualGradientDescent
from lr_pipeline.models.decision.choose_decision import FOLDS, DecisionChoice, RecalibrationKind
from lr_pipeline.models.train import Training
from lr_pipeline.orchestration.config.decision_config import DecisionConfig, FixedThresholdConfig
from lr_pipeline.orchestration.config.strict_config import StrictConfig


class SecondOrderConfig(StrictConfig):
    """Settings that Newton and L-BFGS share; they start at the optimum of the intercept alone."""

    def start(self) -> None:
        """Return None, which means the core's own start."""


class NewtonConfig(SecondOrderConfig):
    """Newton's method: few iterations, each with a Hessian."""

    kind: Literal["newton"] = "newton"
    # The default is not 1e-9: the Launchpad would write it in a form that YAML reads as text.
    tolerance: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Largest Newton decrement, in standard errors; empty: 1.0e-9.",
    )
    max_iterations: int = Field(default=100, gt=0, description="Give up after this many.")

    def solver(self) -> Newton:
        """The solver that these settings describe."""
        tolerance = Newton.tolerance if self.tolerance is None else self.tolerance
        return Newton(tolerance=tolerance, max_iterations=self.max_iterations)


class LbfgsConfig(SecondOrderConfig):
    """Limited-memory BFGS: gradients alone; their last few changes give the curvature."""

    kind: Literal["lbfgs"] = "lbfgs"
    tolerance: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Largest Newton decrement, in standard errors; empty: 1.0e-8.",
    )
    max_iterations: int = Field(default=500, gt=0, description="Give up after this many.")
    memory: int = Field(default=10, gt=0, description="Steps remembered.")

    def solver(self) -> Lbfgs:
        """The solver that these settings describe."""
        tolerance = Lbfgs.tolerance if self.tolerance is None else self.tolerance
        return Lbfgs(memory=self.memory, tolerance=tolerance, max_iterations=self.max_iterations)


class GradientDescentConfig(StrictConfig):
    """Gradient descent with a fixed learning rate on the mean log loss, as in the tutorial."""

    kind: Literal["gradient_descent"] = "gradient_descent"
    learning_rate: float = Field(default=1e-3, gt=0, description="Step length η.")
    iterations: int = Field(default=5_000, gt=0, description="Steps (the tutorial's epochs).")
    record_every: int = Field(default=100, gt=0, description="Steps between two recorded losses.")
    initial: Literal["zeros", "normal"] = Field(
        default="normal",
        description="Initial weights: zeros, or drawn from N(0, 1) with intercept 0.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the normal draw.")
    standardize: bool = Field(
        default=False,
        description="Descend on columns of mean 0 and deviation 1 instead of the raw ones.",
    )

    def solver(self) -> GradientDescent:
        """The solver that these settings describe."""
        return GradientDescent(
            learning_rate=self.learning_rate,
            iterations=self.iterations,
            record_every=self.record_every,
            standardize=self.standardize,
        )

    def start(self) -> Callable[[int], Parameters]:
        """Return the initial parameters, given how many there are."""
        if self.initial == "zeros":
            return np.zeros
        return partial(normal_start, seed=self.seed)


SolverConfig = NewtonConfig | LbfgsConfig | GradientDescentConfig


class TrainingConfig(StrictConfig):
    """Settings that both logistic models share."""

    penalty: Literal["auto", "none", "l2", "log-f", "firth"] = Field(
        default="auto",
        description="`auto`: maximum likelihood where it exists, else Firth's penalised "
        "likelihood, or log-F where that has several maxima. `none`: maximum likelihood, refused "
        "where it does not exist. `l2`, `log-f`, `firth`: that penalty.",
    )
    l2: float | None = Field(
        default=None,
        gt=0,
        description="With penalty `l2`: its strength in Σ log loss + l2/2 Σ β² (intercept free).",
    )

    log_f: float | None = Field(
        default=None,
        gt=0,
        description="With penalty `log-f`: m of Σ log loss + Σ m log(1 + exp γ) − ½ m γ, γ the "
        "coefficients per standard deviation in the training rows (intercept free); empty: 2.",
    )
    decision: DecisionConfig = Field(
        default=FixedThresholdConfig(),
        discriminator="kind",
        description="How the threshold is chosen above which the answer is yes; all but `fixed` "
        "choose it on training rows that were held out, fold by fold.",
    )
    recalibration: RecalibrationKind = Field(
        default="none",
        description="Whether probabilities are corrected by a curve learned on held-out training "
        "rows: `platt` (σ(a + b z)) or `isotonic` (a step function, for thousands of rows).",
    )
    folds: int = Field(
        default=FOLDS,
        ge=2,
        le=50,
        description="Folds of the training rows that are held out for decision and recalibration.",
    )

    def training_by(self, solver: SolverConfig) -> Training:
        """Return the settings of a fit by this algorithm for the core."""
        return Training(
            solver=solver.solver(),
            penalty=penalty_choice(self.penalty, l2=self.l2, log_f=self.log_f),
            start=solver.start(),
            decision=self.choice(),
        )

    def choice(self) -> DecisionChoice:
        """Return how the decision is chosen."""
        return DecisionChoice(self.decision.rule(), self.recalibration, self.folds)

    @model_validator(mode="after")
    def _strengths_belong_to_their_penalty(self) -> "TrainingConfig":
        if (self.l2 is not None) != (self.penalty == "l2"):
            raise ValueError(
                f"l2= sets the strength of penalty l2, found l2={self.l2} with "
                f"penalty={self.penalty!r}. Give both or neither."
            )
        if self.log_f is not None and self.penalty != "log-f":
            raise ValueError(
                f"log_f= sets the strength of penalty log-f, found log_f={self.log_f} with "
                f"penalty={self.penalty!r}. Give both, or leave log_f= out."
            )
        return self


class NumpyTrainingConfig(TrainingConfig):
    """Training with the numpy kernel."""

    solver: SolverConfig = Field(
        default=NewtonConfig(), discriminator="kind", description="The algorithm."
    )

    def training(self) -> Training:
        """Return the settings of the fit for the core."""
        return self.training_by(self.solver)


class TorchTrainingConfig(TrainingConfig):
    """Training with the torch kernel, derivatives by autograd unless told otherwise."""

    solver: SolverConfig = Field(
        default=LbfgsConfig(),
        discriminator="kind",
        description="The algorithm; `gradient_descent` is the tutorial's manual loop.",
    )
    device: Literal["cpu", "cuda", "auto"] = Field(
        default="cpu", description="`auto` takes a GPU where there is one."
    )
    autograd: bool = Field(
        default=True,
        description="Differentiate automatically, which checks the closed forms; false: evaluate "
        "the closed forms, which is faster.",
    )

    def training(self) -> Training:
        """Return the settings of the fit for the core."""
        found = self.training_by(self.solver)
        if isinstance(found.solver, GradientDescent):
            return replace(found, solver=ManualGradientDescent(**vars(found.solver)))
        return found
