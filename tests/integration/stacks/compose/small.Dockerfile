# The small service as an image: what tests of the compose backend measure in the place of LiteLLM's.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
COPY online /opt/online
ARG DRIVER
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/venv && /opt/online pip install --quiet "psycopg[binary]==${DRIVER}"
ARG VERSION
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.cache/pip \
    /opt/online pip install --quiet "iniconfig==${VERSION}"
RUN cd /opt/venv/lib/python3*/site-packages && mkdir -p small_service/migrations && cd small_service/migrations \
    && echo "CREATE TABLE it (name text)" > 1_make.sql && echo "INSERT INTO it VALUES ('${VERSION}')" > 2_fill.sql
COPY service.py /srv/service.py
ENTRYPOINT ["python", "/srv/service.py"]
