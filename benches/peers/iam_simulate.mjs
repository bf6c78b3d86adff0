// The same questions as `bench-iam` to @cloud-copilot/iam-simulate (npm, AGPL: run, never copied).
//   npm install @cloud-copilot/iam-simulate
//   node iam_simulate.mjs FOLDER_WITH_NODE_MODULES questions.jsonl > answers.jsonl
//   node iam_simulate.mjs FOLDER_WITH_NODE_MODULES questions.jsonl --speed    its core function, everything parsed before
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, file] = process.argv.slice(2)
const entry = createRequire(join(folder, 'x.js')).resolve('@cloud-copilot/iam-simulate')
const { runSimulation, anonymousPrincipal } = await import(pathToFileURL(entry).href)

const named = (policies, prefix) => (policies ?? []).map((policy, at) => ({ name: `${prefix}${at}`, policy }))
const levels = (list, prefix) =>
  (list ?? []).map(level => ({ orgIdentifier: level.target, policies: named(level.policies, prefix) }))

export function simulation(question) {
  const { principal, action, resource, context } = question.request
  const boundaries = question.permissionBoundaries ?? []
  const endpoints = question.endpointPolicies ?? []
  return {
    request: {
      principal: principal.type === 'Anonymous' ? anonymousPrincipal : principal.value,
      action,
      resource: { resource: resource.arn, accountId: resource.accountId },
      contextVariables: context ?? {}
    },
    sessionPolicy: question.sessionPolicy ?? undefined,
    identityPolicies: named(question.identityPolicies, 'identity'),
    serviceControlPolicies: levels(question.scps, 'scp'),
    // It supplies RCPFullAWSAccess by itself, and refuses it as input.
    resourceControlPolicies: levels(question.rcps, 'rcp').map(level => ({
      ...level,
      policies: level.policies.filter(({ policy }) => [policy.Statement].flat().every(one => one.Effect === 'Deny'))
    })),
    resourcePolicy: question.resourcePolicy ?? undefined,
    permissionBoundaryPolicies: boundaries.length > 0 ? named(boundaries, 'boundary') : undefined,
    vpcEndpointPolicies: endpoints.length > 0 ? named(endpoints, 'endpoint') : undefined,
    additionalSettings: question.settings
  }
}

const questions = readFileSync(file, 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line))

async function speed() {
  const inside = name => import(pathToFileURL(join(entry, '../../esm', name)).href)
  const { authorize } = await inside('core_engine/CoreSimulatorEngine.js')
  const { AwsRequestImpl } = await inside('request/request.js')
  const { RequestContextImpl } = await inside('requestContext.js')
  const { DiscoveryContextKeyConstraints } = await inside('context_keys/discoveryContextKeyConstraints.js')
  const policies = createRequire(entry).resolve('@cloud-copilot/iam-policy')
  const { loadPolicy } = await import(pathToFileURL(policies).href)
  const load = ({ name, policy }) => loadPolicy(policy, { name })
  const all = list => list?.map(load)
  const tree = list => list.map(level => ({ ...level, policies: all(level.policies) }))
  const single = policy => (policy === undefined ? undefined : load({ name: 'policy', policy }))
  const simulationParameters = {
    simulationMode: 'Strict',
    discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints()
  }
  const parsed = questions.map(simulation).map(one => ({
    request: new AwsRequestImpl(
      one.request.principal,
      one.request.resource,
      one.request.action,
      new RequestContextImpl(one.request.contextVariables)
    ),
    sessionPolicy: single(one.sessionPolicy),
    identityPolicies: all(one.identityPolicies),
    serviceControlPolicies: tree(one.serviceControlPolicies),
    resourceControlPolicies: tree(one.resourceControlPolicies),
    resourcePolicy: single(one.resourcePolicy),
    permissionBoundaries: all(one.permissionBoundaryPolicies),
    vpcEndpointPolicies: all(one.vpcEndpointPolicies),
    simulationParameters,
    serviceSettings: one.additionalSettings
  }))
  for (let round = 0; round < 6; round++) {
    const cpu = process.cpuUsage()
    let decisions = 0
    for (let repeat = 0; repeat < 20; repeat++) for (const one of parsed) decisions += authorize(one) ? 1 : 0
    const { user, system } = process.cpuUsage(cpu)
    // The first round compiles.
    if (round > 0) console.log(`${Math.round((decisions * 1e6) / (user + system))} decisions a CPU second`)
  }
}

if (process.argv.includes('--speed')) {
  await speed()
  process.exit(0)
}

for (const question of questions) {
  const answer = { id: question.id }
  try {
    const result = await runSimulation(simulation(question), {})
    if (result.resultType === 'error') answer.error = JSON.stringify(result.errors).slice(0, 300)
    else answer.decision = result.overallResult
    if (result.result?.ignoredContextKeys?.length) answer.ignored = result.result.ignoredContextKeys
  } catch (error) {
    answer.error = String(error).slice(0, 300)
  }
  console.log(JSON.stringify(answer))
}
