"""Everything that knows Dagster: the assets, their checks, jobs, schedules and storage.

``pipeline.build_definitions`` builds a code location. The logic of an asset is in the other
packages: an asset reads its inputs, makes one call and returns a value with metadata.
"""
