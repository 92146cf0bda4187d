"""A run as a research object: what went in, with which software and settings, and what came out.

The form is that of a Process Run Crate (RO-Crate, https://w3id.org/ro/wfrun/process/0.5), which archives and search
engines of research data read. Outputs are named by their path in the folder of the description, inputs by their
SHA-256, since their place is another on every machine.
"""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
FORMATS = {".tsv": "text/tab-separated-values", ".md": "text/markdown", ".gz": "application/gzip"}
"""Media types that Python does not know by the end of the name."""


def describe(
    *,
    title: str,
    licence: str,
    finished: str,
    version: str,
    code: str,
    software: Mapping[str, str],
    settings: Sequence[tuple[str, str]],
    inputs: pd.DataFrame,
    outputs: pd.DataFrame,
) -> dict[str, Any]:
    """Describe a run.

    Parameters
    ----------
    title
        Of its report.
    licence
        Under which the results may be used, as the configuration says, or that it does not say.
    finished
        Time in ISO 8601.
    version, code
        Of the workflow, and the digest of its library.
    software
        Version of each piece of software by its name.
    settings
        Full name and value of every setting.
    inputs
        ``sample path sha256 bytes``.
    outputs
        ``path sha256 bytes about``; paths lie in the folder of the description.

    Returns
    -------
    What ``ro-crate-metadata.json`` holds.
    """
    crate = ROCrate()
    crate.name, crate.datePublished, crate.license = title, finished, licence
    crate.description = f"Results of cd20scope {version}: {title}"
    profile = add(crate, PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    crate.root_dataset["conformsTo"] = profile
    needed = [
        add(crate, f"#software-{name}", "SoftwareApplication", name=name, softwareVersion=number)
        for name, number in sorted(software.items())
    ]
    workflow = add(
        crate,
        "#cd20scope",
        "SoftwareApplication",
        name="cd20scope",
        softwareVersion=version,
    )
    workflow["identifier"] = f"code digest {code}"
    workflow["softwareRequirements"] = needed
    read = [
        add(
            crate,
            name_of(str(row["sha256"])),
            "File",
            name=row["path"],
            sha256=row["sha256"],
            contentSize=str(row["bytes"]),
            description=f"Counts of {row['sample']}",
        )
        for row in by_file(inputs).to_dict("records")
    ]
    for file in read:  # a file elsewhere is a part all the same, or readers of the form stumble over it
        crate.root_dataset.append_to("hasPart", file)
    set_to = [
        add(crate, f"#setting-{name}", "PropertyValue", name=name, value=value) for name, value in settings
    ]
    written = [
        crate.add_file(
            dest_path=row["path"],
            properties={
                "name": row["about"],
                "sha256": row["sha256"],
                "contentSize": str(row["bytes"]),
                "encodingFormat": media_type(str(row["path"])),
            },
        )
        for row in outputs.to_dict("records")
    ]
    action = crate.add_action(
        workflow,
        identifier="#run",
        object=[*read, *set_to],
        result=written,
        properties={"name": f"Run of cd20scope {version}", "endTime": finished},
    )
    crate.root_dataset["mentions"] = action
    described: dict[str, Any] = crate.metadata.generate()
    return described


def add(crate: ROCrate, identifier: str, kind: str, **properties: object) -> ContextEntity:
    """Add something that is no file of the folder."""
    entity = ContextEntity(crate, identifier, properties={"@type": kind, **properties})
    crate.add(entity)
    return entity


def by_file(inputs: pd.DataFrame) -> pd.DataFrame:
    """One row per file that was read, with the names of its samples joined."""
    names = inputs.groupby("sha256", sort=False)["sample"].agg(lambda own: ", ".join(map(str, own)))
    return inputs.drop_duplicates("sha256").assign(sample=names.to_numpy())


def name_of(sha256: str) -> str:
    """Name a file by its sum (RFC 6920)."""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode("ascii").rstrip("=")


def media_type(path: str) -> str:
    """Media type of a file by the end of its name."""
    end = f".{path.rpartition('.')[2]}"
    return FORMATS.get(end) or mimetypes.guess_type(path)[0] or "application/octet-stream"
