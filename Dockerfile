# One image for every service: `longstop serve NAME`, NAME in LONGSTOP_SERVICE.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY services services
COPY longstop longstop
RUN /venv/bin/pip install --no-deps . && find /venv -name '*.so' -path '*falkordb*' -delete

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Longstop" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin longstop && install -d -m 700 -o 10001 -g 10001 /data /mails /mails-kept /portal
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LONGSTOP_DATA_DIR=/data LONGSTOP_BIND=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME ["/data", "/mails", "/mails-kept"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=15s --start-period=60s --retries=6 CMD ["python", "-m", "longstop.health"]
CMD ["sh", "-c", "exec longstop serve \"$LONGSTOP_SERVICE\""]
