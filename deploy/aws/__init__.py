"""AWS IoT Core as the broker: devices registered, messages fetched, costs on paper."""
