# The pinned environment and the workflow: docker build -t cd20scope .
FROM python:3.12-slim-bookworm
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
