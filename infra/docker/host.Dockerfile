# The embedded host with everything it starts. From the repository's root: docker build -f infra/docker/host.Dockerfile .
# It listens on loopback only, so it is run in the machine's network:
#   docker run --network host -v modelflow:/data IMAGE
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ src/
RUN for project in LocalHost Gateway Serving Evaluator Cli; do \
      dotnet publish src/ModelFlow.$project/ModelFlow.$project.csproj -c Release -o /app -p:RestoreLockedMode=true -p:RunAnalyzers=false || exit 1; \
    done
# The engine for language models, where evaluator and model server look for it.
RUN dotnet publish src/ModelFlow.TextEngine/ModelFlow.TextEngine.csproj -c Release -o /app/text-engine -p:RestoreLockedMode=true -p:RunAnalyzers=false

FROM node:22-bookworm-slim AS node
WORKDIR /azurite
COPY eng/azurite/package.json eng/azurite/package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
# llama.cpp's threads; the base has everything else that it links to.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /azurite /modelflow/eng/azurite
COPY --from=build /app /app
COPY samples/ /modelflow/samples/
RUN mkdir /data && chown $APP_UID /data
USER $APP_UID
WORKDIR /data
ENV MODELFLOW_HOME=/modelflow \
    MODELFLOW_Host__Data=/data \
    MODELFLOW_CREDENTIALS=/data/credentials.json
# SIGTERM: the host ends its children, which may take Azurite a minute.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/modelflow-host"]
