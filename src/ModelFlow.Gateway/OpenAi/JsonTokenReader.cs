using System.Text.Json;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>Reads <c>usage</c> in an answer that is one JSON object, however long the rest of it is.</summary>
internal sealed class JsonTokenReader(TimeProvider time) : TokenReader(time)
{
    private MemberScanner _scanner = new("usage");
    private bool _inUsage;
    private bool _done;

    protected override void Take(ReadOnlySpan<byte> answer)
    {
        while (!_done && !answer.IsEmpty)
        {
            var length = _scanner.Scan(answer, out var found);
            if (found == ScanEvent.ValueEnds)
            {
                _inUsage = false;
                var reader = new Utf8JsonReader(Completed(answer[..length]));
                if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                {
                    ReadUsage(ref reader);
                }
            }
            else if (_inUsage)
            {
                Keep(answer[..length]);
            }

            _inUsage |= found == ScanEvent.ValueBegins;
            _done = found is ScanEvent.Malformed or ScanEvent.ObjectEnds;
            answer = answer[length..];
        }
    }
}
