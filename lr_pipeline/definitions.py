"""The default code location: the tutorial's table with its studies, and the remembered tables."""

from lr_pipeline.orchestration.default_location import default_definitions

defs = default_definitions()
