using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using Polly;
using Polly.Retry;

namespace ModelFlow.ModelServers;

/// <summary>
/// Model servers that speak the Open Inference Protocol V2 over plain HTTP, one or several replicas. A version is ready
/// when every replica has it. A replica that fails in passing is asked again, a bounded number of times and with new
/// grants; then <see cref="ModelServerException"/> says which one it was.
/// </summary>
internal sealed class OpenInferenceModelServer(
    OpenInferenceClient client, IArtifactStore artifacts, IOptions<ModelServerOptions> options, TimeProvider time, ILogger<OpenInferenceModelServer> logger) : IModelServer
{
    private readonly ModelServerOptions _options = options.Value;
    private readonly ResiliencePipeline _retries = Retries(options.Value, time, logger);

    /// <inheritdoc/>
    public async Task<LoadModel> LoadAsync(VersionRecord version, VersionName instance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        var began = time.GetTimestamp();
        var answers = await Task.WhenAll(_options.Endpoints.Select(server => LoadOnAsync(server, version, instance, cancellationToken)));
        if (answers.Select(a => a.Refusal).FirstOrDefault(r => r is not null) is { } refusal)
        {
            await ForgetAsync(version.Model, instance, cancellationToken);
            return new LoadModel.Refused(refusal);
        }

        return new LoadModel.Ready([.. _options.Endpoints], time.GetElapsedTime(began)) { ServedModel = answers[0].ServedModel };
    }

    /// <inheritdoc/>
    public Task UnloadAsync(ModelName model, VersionName version, CancellationToken cancellationToken) =>
        Task.WhenAll(_options.Endpoints.Select(server => _retries.ExecuteAsync(
            async token => await client.UnloadAsync(server, model, version, token), cancellationToken).AsTask()));

    /// <summary>
    /// The versions that are loaded and ready. A replica that does not answer has none, as far as anyone can tell.
    /// </summary>
    /// <exception cref="ModelServerException">No replica answers.</exception>
    public async Task<IReadOnlyList<ServedVersion>> ListAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(_options.Endpoints.Select(server => ListOnAsync(server, cancellationToken)));
        var failures = answers.Select(a => a.Failure).OfType<ModelServerException>().ToList();
        if (failures.Count == answers.Length)
        {
            throw new ModelServerException("No model server answers: " + string.Join(' ', failures.Select(f => f.Message)), failures[0]);
        }

        return [.. answers.SelectMany(a => a.Versions)];
    }

    private static ResiliencePipeline Retries(ModelServerOptions options, TimeProvider time, ILogger logger)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        return options.Attempts == 1
            ? builder.Build()
            : builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ModelServerException>(e => e.Transient),
                MaxRetryAttempts = options.Attempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                Delay = options.RetryDelay,
                MaxDelay = TimeSpan.FromSeconds(30),
                UseJitter = true,
                OnRetry = a =>
                {
                    Log.CallFailed(logger, a.AttemptNumber + 1, options.Attempts, a.Outcome.Exception?.Message ?? "");
                    return ValueTask.CompletedTask;
                },
            }).Build();
    }

    private async Task<OpenInferenceClient.LoadAnswer> LoadOnAsync(Uri server, VersionRecord version, VersionName instance, CancellationToken cancellationToken) =>
        await _retries.ExecuteAsync(
            async token =>
            {
                var answer = await LoadOnceAsync(server, version, instance, token);
                if (answer.Refusal is null)
                {
                    await client.CheckReadyAsync(server, version.Model, instance, token);
                }

                return answer;
            },
            cancellationToken);

    private async Task<OpenInferenceClient.LoadAnswer> LoadOnceAsync(Uri server, VersionRecord version, VersionName instance, CancellationToken cancellationToken)
    {
        var files = new List<(ManifestFile, Uri)>(version.Manifest.Files.Count);
        foreach (var file in version.Manifest.Files)
        {
            files.Add((file, await artifacts.GrantReadAsync(version.Model, version.Version, file.Path, _options.GrantLifetime, cancellationToken)));
        }

        try
        {
            return await client.LoadAsync(server, version.Model, instance, files, cancellationToken);
        }
        catch (ModelServerException e) when (e.Status == HttpStatusCode.Conflict)
        {
            // The replica has other bytes under this name, from a catalogue that is no more. This catalogue says what the version is.
            Log.OtherBytesLoaded(logger, server, version.Model, instance);
            await client.UnloadAsync(server, version.Model, instance, cancellationToken);
            return await client.LoadAsync(server, version.Model, instance, files, cancellationToken);
        }
    }

    // A version that one replica refuses is served by none. Best effort: nothing routes to it, and unloading is repeated later.
    private async Task ForgetAsync(ModelName model, VersionName instance, CancellationToken cancellationToken)
    {
        try
        {
            await UnloadAsync(model, instance, cancellationToken);
        }
        catch (ModelServerException e)
        {
            Log.NotForgotten(logger, model, instance, e.Message);
        }
    }

    private async Task<(IReadOnlyList<ServedVersion> Versions, ModelServerException? Failure)> ListOnAsync(Uri server, CancellationToken cancellationToken)
    {
        try
        {
            var found = await client.ListAsync(server, cancellationToken);
            return ([.. found.Select(f => new ServedVersion(f.Model, f.Version, server))], null);
        }
        catch (ModelServerException e)
        {
            Log.NoAnswer(logger, server, e.Message);
            return ([], e);
        }
    }
}
