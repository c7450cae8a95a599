using System.Runtime.InteropServices;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// The logarithm of the chance of one sequence of yes and no, when the share of yes was drawn from a beta distribution:
/// <c>B(a + k, b + n − k) / B(a, b)</c>. The numerator of the mixture martingales here (Robbins, "Statistical methods related to the
/// law of the iterated logarithm", Ann. Math. Statist. 41, 1970). Counts may be fractions: effective ones are (see <see cref="DesignEffect"/>).
/// </summary>
internal static class BetaMixture
{
    private const double HalfLogTwoPi = 0.91893853320467274;

    /// <summary>The mixture with prior Beta(<paramref name="a"/>, <paramref name="b"/>), after <paramref name="yes"/> of <paramref name="trials"/>.</summary>
    public static double Log(double yes, double trials, double a = 0.5, double b = 0.5) => new Prior(a, b, trials).Log(yes);

    /// <summary>The logarithm of the chance of the same sequence when the share of yes is <paramref name="p"/>.</summary>
    public static double LogLikelihood(double yes, double trials, double p) => Times(yes, Math.Log(p)) + Times(trials - yes, Math.Log(1 - p));

    // Nothing of an impossible thing is no contradiction: 0 · ln 0 = 0.
    private static double Times(double count, double logarithm) => count <= 0 ? 0 : count * logarithm;

    private static double LogBeta(double a, double b) => LogGamma(a) + LogGamma(b) - LogGamma(a + b);

    /// <summary>
    /// Stirling's series after shifting the argument above 10 (Abramowitz and Stegun, 6.1.15 and 6.1.41): correct to 1e-12 for any positive x.
    /// </summary>
    private static double LogGamma(double x)
    {
        var shift = 0.0;
        if (x < 10)
        {
            var product = 1.0;
            for (; x < 10; x++)
            {
                product *= x;
            }

            shift = Math.Log(product);
        }

        var inverse = 1 / x;
        var square = inverse * inverse;
        var series = inverse * ((1.0 / 12) - (square * ((1.0 / 360) - (square * ((1.0 / 1260) - (square * ((1.0 / 1680) - (square / 1188))))))));
        return ((x - 0.5) * Math.Log(x)) - x + HalfLogTwoPi + series - shift;
    }

    /// <summary>The mixture for a prior and a number of trials: what the number of yes has no part in is computed once.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly struct Prior(double a, double b, double trials)
    {
        private readonly double _rest = LogGamma(a + b + trials) + LogBeta(a, b);

        /// <summary>After so many yes.</summary>
        public double Log(double yes) => LogGamma(a + yes) + LogGamma(b + trials - yes) - _rest;
    }
}
