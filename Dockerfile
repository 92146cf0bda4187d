# The pinned environment and the workflow: docker build -t cd20scope .
# Reading or writing Seurat objects needs R: docker build --build-arg R_PACKAGES=r-cran-seuratobject -t cd20scope .
FROM python:3.12.12-slim-bookworm@sha256:593bd06efe90efa80dc4eee3948be7c0fde4134606dd40d8dd8dbcade98e669c
ARG R_PACKAGES=""
RUN if [ -n "$R_PACKAGES" ]; then apt-get update \
      && apt-get install --yes --no-install-recommends $R_PACKAGES && rm -rf /var/lib/apt/lists/*; fi
WORKDIR /opt/cd20scope
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY Snakefile pyproject.toml ./
COPY config config
COPY envs envs
COPY scripts scripts
COPY workflow workflow
# one BLAS thread a job: jobs run side by side
ENV OMP_NUM_THREADS=1 XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/matplotlib NUMBA_CACHE_DIR=/tmp/numba
# root of the image is root of the folder that is mounted
USER 65534:65534
WORKDIR /study
ENTRYPOINT ["snakemake", "--snakefile", "/opt/cd20scope/Snakefile", "--workflow-profile", "/opt/cd20scope/workflow/profiles/default"]
CMD ["--help"]
