using System.Net;

namespace ModelFlow.ModelServers;

/// <summary>A model server did not do what it was asked, and the model's bytes are not the reason: broken infrastructure.</summary>
public sealed class ModelServerException : Exception
{
    /// <summary>An error of one server.</summary>
    public ModelServerException(string message)
        : base(message)
    {
    }

    /// <summary>An error of one server.</summary>
    public ModelServerException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>An error without a message.</summary>
    public ModelServerException()
    {
    }

    /// <summary>What the server answered; null when it did not.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>The server's word for the error, for example <c>download</c> or <c>space</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the same call may succeed a little later.</summary>
    public bool Transient => Status is null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError
        or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}
