using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Notifications;

namespace ModelFlow.Notifications;

/// <summary>Adds sending to a host.</summary>
public static class NotificationServices
{
    /// <summary>Adds the sender and what protects its secrets. The options are checked when the host starts.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="ownAddress">The host's own address, for <see cref="NotificationOptions.PublicAddress"/> left out.</param>
    public static IServiceCollection AddModelFlowNotifications(this IServiceCollection services, Uri ownAddress)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<NotificationOptions>().BindConfiguration(NotificationOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<NotificationOptions>, NotificationAnnotations>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<NotificationOptions>, NotificationOptionsValidator>());
        services.TryAddSingleton<ISecretProtector, AesGcmSecretProtector>();
        services.TryAddSingleton<INotificationSender, HttpNotificationSender>();
        services.TryAddSingleton(p => new NotificationSource(p.GetRequiredService<IOptions<NotificationOptions>>().Value.PublicAddress ?? ownAddress));
        return services;
    }
}
