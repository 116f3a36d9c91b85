"""Whether a PMML document is valid: the schema is in a jar of the package sklearn2pmml."""

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

from lr_pipeline.export.export_error import ExportError

PACKAGES = ("lxml", "sklearn2pmml")
JARS, SCHEMA = "resources/pmml-model-[0-9]*.jar", "pmml.xsd"


def pmml_schema_missing() -> str:
    """Return what is missing to validate PMML, or an empty string."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if not missing:
        return ""
    return f"{' and '.join(missing)} not installed (pip install {' '.join(missing)})"


def require_valid_pmml(document: str) -> str:
    """Validate a document against the schema of PMML 4.4; return by what it was validated.

    The schema is JPMML's, which is DMG's with additions whose names begin with ``x-``; no document
    of this package has one. sklearn2pmml is not imported, and no Java is needed.

    Raises
    ------
    ExportError
        The document is not valid; the message has the first place.
    """
    from lxml import etree

    jar = _schema_jar()
    with ZipFile(jar) as opened:
        schema = etree.XMLSchema(etree.fromstring(opened.read(SCHEMA)))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    if not schema.validate(etree.fromstring(document.encode(), parser)):
        first = schema.error_log[0]
        raise ExportError(
            f"the document is not valid by the schema of PMML 4.4: line {first.line}: "
            f"{first.message} Nothing was written."
        )
    return f"valid by the schema of PMML 4.4 in {jar.name}"


def _schema_jar() -> Path:
    spec = find_spec("sklearn2pmml")
    assert spec is not None
    folders = spec.submodule_search_locations or []
    jars = [jar for folder in folders for jar in Path(folder).glob(JARS)]
    if not jars:
        raise ExportError(
            "sklearn2pmml is installed without its jar pmml-model, which has the schema of PMML. "
            "Install it again: pip install --force-reinstall sklearn2pmml"
        )
    return jars[0]
