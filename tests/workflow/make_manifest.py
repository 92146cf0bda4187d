"""Write workflow/manifest.txt: the files of this repository that the workflow reads, beside its rules."""

from workflow.running import ROOT, listed

MANIFEST = ROOT / "workflow/manifest.txt"
READ = (
    "pyproject.toml",
    ":(glob)scripts/cd20scope/**/*.py",
    ":(glob)scripts/*/*.py",
    ":(glob)scripts/*/*.R",
    "config/genes.tsv",
    "config/profiles.tsv",
    "config/label_maps",
    "config/populations.yaml",
    "config/programs.yaml",
    "config/hypotheses.yaml",
    "workflow/schemas",
    "workflow/report/*.j2",
    "workflow/report/*.css",
    "workflow/report/*.js",
)

if __name__ == "__main__":
    MANIFEST.write_text("".join(f"{name}\n" for name in listed(*READ)), encoding="utf-8")
