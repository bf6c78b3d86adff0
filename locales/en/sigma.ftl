# Public rules: what their threats say.
threat-sigma = { $principal } called { $api } from { $address }: “{ $title }”.
