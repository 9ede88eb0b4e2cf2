# The image has the program, its licence and three folders. There is no shell in it.
#
#   docker build --build-arg VERSION=v0.1.0 -t paywicket .
#   docker run -p 8080:8080 -v paywicket-data:/data -v paywicket-keys:/keys paywicket
#
# Keep a copy of /keys/master.key elsewhere: without it the database cannot be opened.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/paywicket .
# The folders are made here, where there is a shell. SQLite sorts and vacuums in /data/tmp.
RUN mkdir -p /rootfs/data/tmp /rootfs/keys && chmod 0700 /rootfs/data /rootfs/data/tmp /rootfs/keys

FROM scratch
COPY --from=build --chown=65532:65532 /rootfs/ /
COPY --from=build /out/paywicket /paywicket
COPY LICENSE /LICENSE

ARG VERSION=dev
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="Paywicket" \
      org.opencontainers.image.description="A payout console: draft, approve, send, reconcile" \
      org.opencontainers.image.url="https://github.com/paywicket/paywicket" \
      org.opencontainers.image.source="https://github.com/paywicket/paywicket" \
      org.opencontainers.image.documentation="https://github.com/paywicket/paywicket#readme" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

ENV TMPDIR=/data/tmp \
    PAYWICKET_DATA=/data \
    PAYWICKET_MASTER_KEY_FILE=/keys/master.key \
    PAYWICKET_ADDR=:8080

USER 65532:65532
WORKDIR /data
VOLUME ["/data", "/keys"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/paywicket", "health"]
ENTRYPOINT ["/paywicket"]
CMD ["serve"]
