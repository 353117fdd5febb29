/** The config that `config init` and a first start write: commented, complete, and working as it is. */
export const defaultConfigText = `# CC-Relay configuration. Every setting is described in README.md.
# Variables are written \${NAME} or \${NAME:-default}; a literal dollar sign is $$.

server:
  # Only this computer can reach the relay. Another address needs server.auth.api_key.
  listen: 127.0.0.1:8787

  # To let in only clients that know a token of the relay's own:
  # auth:
  #   api_key: \${CC_RELAY_API_KEY}

providers:
  # Without keys the relay passes Claude Code's own login or API key through to Anthropic.
  - name: anthropic
    type: anthropic
    enabled: true

    # To use API keys instead, several if you like: the next one is used when one is at its limit.
    # keys:
    #   - key: \${ANTHROPIC_API_KEY}
    #   - key: \${ANTHROPIC_API_KEY_2}
`;
