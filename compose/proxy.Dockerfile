# A proxy under test: a release from the package index (target `release`) or a checkout (target `checkout`).
#
# The layers that change least come first, so that a second commit with the same dependencies builds in seconds:
# tools, Prisma's command line, dependencies, the package itself, the generated database client.
#
# Build secrets, all optional: `ca`, certificates to trust besides the image's own; `index`, a shell file that sets
# the package index of pip, uv and npm (UV_DEFAULT_INDEX=…), which may hold a password and so is no argument.
ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS tools
ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH \
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 CHECKPOINT_DISABLE=1 PRISMA_HIDE_UPDATE_MESSAGE=1 \
    PRISMA_BINARY_CACHE_DIR=/opt/prisma NPM_CONFIG_UPDATE_NOTIFIER=false
COPY build/ /opt/build/
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/venv && /opt/build/online pip install --quiet --require-hashes -r /opt/build/tools.lock

FROM tools AS release
ARG REQUIREMENT
ARG PRISMA_ENGINE=auto
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.cache/uv \
    /opt/build/online uv pip install --quiet "${REQUIREMENT}" -r /opt/build/requirements.txt
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.npm \
    /opt/build/online /opt/build/generate-client
ENTRYPOINT ["/opt/build/start"]

FROM tools AS dependencies
# What names the dependencies, and nothing else of the checkout: this layer is made anew when they change.
COPY dependencies/ /opt/dependencies/
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.cache/uv \
    /opt/build/online /opt/build/install-dependencies

FROM dependencies AS checkout
ARG PRISMA_ENGINE=auto
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=source,target=/opt/source,rw \
    /opt/build/online /opt/build/install-checkout
RUN --mount=type=secret,id=ca --mount=type=secret,id=index --mount=type=cache,target=/root/.npm \
    /opt/build/online /opt/build/generate-client
ENTRYPOINT ["/opt/build/start"]
