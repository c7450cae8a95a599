# The model server, with the engine for language models. From the repository's root: docker build -f infra/docker/serving.Dockerfile .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ModelFlow.Core/ src/ModelFlow.Core/
COPY src/ModelFlow.EngineProcess/ src/ModelFlow.EngineProcess/
COPY src/ModelFlow.Serving/ src/ModelFlow.Serving/
COPY src/ModelFlow.TextEngine/ src/ModelFlow.TextEngine/
RUN dotnet publish src/ModelFlow.Serving/ModelFlow.Serving.csproj -c Release -o /app -p:RestoreLockedMode=true -p:RunAnalyzers=false
# The engine for language models, where the server looks for it.
RUN dotnet publish src/ModelFlow.TextEngine/ModelFlow.TextEngine.csproj -c Release -o /app/text-engine -p:RestoreLockedMode=true -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# llama.cpp's threads; the base has everything else that it links to.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
# Model files and the list of loaded versions. A volume mounted here must be writable for this user.
RUN mkdir /data && chown $APP_UID /data
COPY --from=build /app /app
USER $APP_UID
WORKDIR /data
# Inference is not authenticated: publish this port to a private network only.
ENV Serving__Address=0.0.0.0 \
    Serving__Port=8080 \
    Serving__DataDirectory=/data/serving
EXPOSE 8080
ENTRYPOINT ["/app/modelflow-serving"]
