# The workflow is workflow/Snakefile; what is included is no default target by itself.
include: "workflow/Snakefile"


rule everything:
    default_target: True
    input:
        rules.all.input,
