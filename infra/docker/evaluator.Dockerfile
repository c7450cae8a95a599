# The evaluator, with CUDA and the engine for language models, behind the agent that fetches its job. From the repository's root: docker build -f infra/docker/evaluator.Dockerfile .
# CUDA and cuDNN must be of the major versions that the pinned ONNX Runtime was built with: 13 and 9. If they are not, or there is no
# card, it runs on the processor and its report says so.
ARG CUDA=nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ModelFlow.Core/ src/ModelFlow.Core/
COPY src/ModelFlow.EngineProcess/ src/ModelFlow.EngineProcess/
COPY src/ModelFlow.Evaluator/ src/ModelFlow.Evaluator/
COPY src/ModelFlow.EvaluatorProcess/ src/ModelFlow.EvaluatorProcess/
COPY src/ModelFlow.EvaluationAgent/ src/ModelFlow.EvaluationAgent/
COPY src/ModelFlow.TextEngine/ src/ModelFlow.TextEngine/
RUN for project in Evaluator EvaluationAgent; do \
      dotnet publish src/ModelFlow.$project/ModelFlow.$project.csproj -c Release -r linux-x64 --no-self-contained -o /app -p:OnnxRuntimeGpu=true -p:RunAnalyzers=false || exit 1; \
    done
# The engine for language models, where the evaluator looks for it: on processors, cards or not.
RUN dotnet publish src/ModelFlow.TextEngine/ModelFlow.TextEngine.csproj -c Release -o /app/text-engine -p:RestoreLockedMode=true -p:RunAnalyzers=false

# The engine is a web application.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble AS dotnet

FROM $CUDA
# llama.cpp's threads; the base has everything else that it links to.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
RUN groupadd --gid 1654 app && useradd --uid 1654 --gid app --no-create-home --shell /usr/sbin/nologin app && mkdir /work && chown app /work
COPY --from=build /app /app
USER 1654
WORKDIR /work
ENV DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_EnableDiagnostics=0
# What it is to do comes by MODELFLOW_JOB_ADDRESS: docs/evaluation-jobs.md.
ENTRYPOINT ["/app/modelflow-evaluation-agent", "/app/modelflow-evaluator"]
