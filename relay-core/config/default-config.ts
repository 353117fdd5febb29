/** The config that `config init` and a first start write: commented, complete, and working as it is. */
export const defaultConfigText = `# CC-Relay configuration. Every setting is described in README.md.
# Variables are written \${NAME} or \${NAME:-default}; a literal dollar sign is $$.

server:
  # Only this computer can reach the relay. Another address needs server.auth.api_key.
  listen: 127.0.0.1:8787

  # To let in only clients that know a token of the relay's own:
  # auth:
  #   api_key: \${CC_RELAY_API_KEY}

  # How many requests may run at once; more than that wait:
  # max_concurrent: 50

# Which of several providers serves a request. Other strategies: round_robin, weighted_round_robin,
# shuffle, weighted_failover, least_loaded, model_based (with model_mapping and default_provider).
# routing:
#   strategy: failover
#   affinity: session # a session stays with its provider; or none
#   queue_timeout_ms: 60000

providers:
  # Without keys the relay passes Claude Code's own login or API key through to Anthropic.
  - name: anthropic
    type: anthropic
    enabled: true

    # To use API keys instead, several if you like: the next one is used when one is at its limit.
    # keys:
    #   - key: \${ANTHROPIC_API_KEY}
    #     rpm_limit: 50 # also tpm_limit, itpm_limit, otpm_limit, max_concurrent, weight
    #   - key: \${ANTHROPIC_API_KEY_2}

    # Which of several keys is used. Other strategies: round_robin, random, weighted.
    # pooling: { strategy: least_loaded }

    # What sets this provider apart from others, for the strategies that look at it:
    # priority: 1
    # weight: 1
    # max_concurrent: 20

# How often a failing provider is probed:
# health:
#   health_check: { enabled: true, interval_ms: 10000 }
`;
