# The evaluator, with CUDA. From the repository's root: docker build -f infra/docker/evaluator.Dockerfile .
# CUDA and cuDNN must be of the major versions that the pinned ONNX Runtime was built with: 13 and 9. If they are not, or there is no
# card, it runs on the processor and its report says so.
ARG CUDA=nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ModelFlow.Core/ src/ModelFlow.Core/
COPY src/ModelFlow.Evaluator/ src/ModelFlow.Evaluator/
RUN dotnet publish src/ModelFlow.Evaluator/ModelFlow.Evaluator.csproj -c Release -r linux-x64 --no-self-contained -o /app -p:OnnxRuntimeGpu=true -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/runtime:10.0-noble AS dotnet

FROM $CUDA
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
RUN groupadd --gid 1654 app && useradd --uid 1654 --gid app --no-create-home --shell /usr/sbin/nologin app && mkdir /work && chown app /work
COPY --from=build /app /app
USER 1654
WORKDIR /work
ENV DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_EnableDiagnostics=0
# What it is to do comes as MODELFLOW_… variables: docs/evaluator-contract.md.
ENTRYPOINT ["/app/modelflow-evaluator"]
