# The image of one service: docker build --build-arg SERVICE=accounts --tag fairlead/accounts .
# PROFILE=dev compiles in a fraction of the time, to a larger and slower binary. When it is not given, it is what
# scripts/image-profile says of the service.
#
# Its own name resolves, its certificates verify, and there is nothing else in it: no shell, no user database, no libraries.

FROM --platform=$BUILDPLATFORM rust:1.95.0-bookworm AS toolchain
# The one of this image, and not what rust-toolchain.toml would fetch.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN cargo install --locked --version 0.1.78 cargo-chef
ARG TARGETARCH
# A compiler for the other processor, where that is what is asked for.
# hadolint ignore=DL3008
RUN case "$TARGETARCH" in amd64) cpu=x86_64 gcc=x86-64 ;; arm64) cpu=aarch64 gcc=aarch64 ;; *) exit 1 ;; esac \
    && rustup target add "$cpu-unknown-linux-gnu" \
    && if ! command -v "$cpu-linux-gnu-gcc"; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends "gcc-$gcc-linux-gnu" "libc6-dev-$TARGETARCH-cross" \
        && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /source

# What the dependencies are: it changes with the manifests, not with the code.
FROM toolchain AS plan
COPY . .
RUN cargo chef prepare --recipe-path /recipe.json

FROM toolchain AS build
ARG PROFILE=
ARG SERVICE
COPY .cargo .cargo
COPY scripts/image-profile scripts/static-cargo scripts/
# Not a member of the workspace, so the plan leaves it as it is.
COPY third_party/crc-fast third_party/crc-fast
COPY --from=plan /recipe.json recipe.json
# The dependencies, in a layer that lasts until the plan changes.
RUN scripts/static-cargo chef cook --locked --profile "${PROFILE:-$(scripts/image-profile "$SERVICE")}" --package "$SERVICE" --recipe-path recipe.json
COPY . .
RUN profile=${PROFILE:-$(scripts/image-profile "$SERVICE")} \
    && scripts/static-cargo build --locked --profile "$profile" --package "$SERVICE" --bin "$SERVICE" \
    && folder=$profile && if [ "$profile" = dev ]; then folder=debug; fi \
    && install -D --mode=0555 "$(scripts/static-cargo folder)/$folder/$SERVICE" /image/service \
    && install -D --mode=0444 /etc/ssl/certs/ca-certificates.crt /image/ca-certificates.crt

# From here on the same as in Dockerfile.local.
FROM scratch
ARG SERVICE
ARG REVISION=unknown
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="fairlead/$SERVICE" \
    org.opencontainers.image.description="The $SERVICE program of Fairlead" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.version="$VERSION"
# Loopback is the default; an image is reached from outside.
ENV FAIRLEAD__ADMIN__LISTEN=[::]:8081 \
    FAIRLEAD__SERVER__LISTEN=[::]:50051
COPY --from=build /image/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /image/service /service
# A number, so that the platform can tell that it is not root.
USER 65532:65532
EXPOSE 50051 8081
ENTRYPOINT ["/service"]
