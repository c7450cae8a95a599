# The gateway. From the repository's root: docker build -f infra/docker/gateway.Dockerfile .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ModelFlow.Core/ src/ModelFlow.Core/
COPY src/ModelFlow.Gateway/ src/ModelFlow.Gateway/
RUN dotnet publish src/ModelFlow.Gateway/ModelFlow.Gateway.csproj -c Release -o /app -p:RestoreLockedMode=true -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# Routes and the signing key. A volume mounted here must be writable for this user.
RUN mkdir /data && chown $APP_UID /data
COPY --from=build /app /app
USER $APP_UID
WORKDIR /data
ENV Gateway__Listen=http://0.0.0.0:8080 \
    Gateway__DataDirectory=/data/gateway
EXPOSE 8080
ENTRYPOINT ["/app/modelflow-gateway"]
