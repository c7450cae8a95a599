# The evaluator, with CUDA, behind the agent that fetches its job. From the repository's root: docker build -f infra/docker/evaluator.Dockerfile .
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
RUN for project in Evaluator EvaluationAgent; do \
      dotnet publish src/ModelFlow.$project/ModelFlow.$project.csproj -c Release -r linux-x64 --no-self-contained -o /app -p:OnnxRuntimeGpu=true -p:RunAnalyzers=false || exit 1; \
    done

FROM mcr.microsoft.com/dotnet/runtime:10.0-noble AS dotnet

FROM $CUDA
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
RUN groupadd --gid 1654 app && useradd --uid 1654 --gid app --no-create-home --shell /usr/sbin/nologin app && mkdir /work && chown app /work
COPY --from=build /app /app
USER 1654
WORKDIR /work
ENV DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_EnableDiagnostics=0
# What it is to do comes by MODELFLOW_JOB_ADDRESS: docs/evaluation-jobs.md.
ENTRYPOINT ["/app/modelflow-evaluation-agent", "/app/modelflow-evaluator"]
