# The model server. From the repository's root: docker build -f infra/docker/serving.Dockerfile .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ModelFlow.Core/ src/ModelFlow.Core/
COPY src/ModelFlow.EngineProcess/ src/ModelFlow.EngineProcess/
COPY src/ModelFlow.Serving/ src/ModelFlow.Serving/
RUN dotnet publish src/ModelFlow.Serving/ModelFlow.Serving.csproj -c Release -o /app -p:RestoreLockedMode=true -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0
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
