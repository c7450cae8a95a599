using System.Diagnostics;

namespace ModelFlow.Evaluator;

/// <summary>
/// Ends this process when the one that started it dies: the parent holds the other end of standard input and never writes,
/// so its end is the parent's end. Works whatever native code is doing, because the process kills itself outright.
/// </summary>
internal static class ParentWatch
{
    public static void Start(Stream input)
    {
        var thread = new Thread(() =>
        {
            var buffer = new byte[64];
            try
            {
                while (input.Read(buffer) > 0)
                {
                }
            }
            catch (IOException)
            {
                // A broken pipe is an end, too.
            }

            Process.GetCurrentProcess().Kill();
        })
        {
            IsBackground = true,
            Name = "parent watch",
        };
        thread.Start();
    }
}
