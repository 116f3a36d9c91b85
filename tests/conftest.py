"""Shapes are checked while the tests run: jaxtyping's annotations, enforced by beartype."""

from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook(
    [
        f"lr_pipeline.{room}"
        for room in ("core", "engines", "tables", "models", "report", "studies")
    ],
    "beartype.beartype",
)

# Timings vary on shared machines, and a slow example is no failure.
settings.register_profile("lr_pipeline", deadline=None)
settings.load_profile("lr_pipeline")
