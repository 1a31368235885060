/** Rules that reach beyond the form: patterns against their own examples, remedies against the catalogue, polls against the probes. */
import { catalogue, findAction } from '../../domain/catalogue/catalogue.ts'
import type { Detection, Fault, LogDetection, Remedy } from '../../domain/catalogue/fault.ts'
import { findPoll, polls } from '../../domain/catalogue/polls.ts'
import { parseReference } from '../../domain/catalogue/reference.ts'
import type { Json } from '../../domain/ports/json.ts'
import type { CompileLogMatcher } from '../../domain/ports/log-matcher.ts'
import { suggestion } from './fault-problem.ts'

export type Finding = Readonly<{ path: readonly (string | number)[]; rule: string }>

export function checkFault(fault: Fault, compile: CompileLogMatcher): readonly Finding[] {
  return [
    ...(fault.id.startsWith(`${fault.service}.`) ? [] : [{ path: ['fault'], rule: `must begin with the service: ${fault.service}.` }]),
    ...(fault.remedies.length === 0 && fault.reportOnly === undefined
      ? [{ path: ['remedies'], rule: 'a fault without a remedy needs report_only, which says why' }]
      : []),
    ...fault.detect.flatMap((detection, index) =>
      checkDetection(fault, detection, compile).map(({ path, rule }) => ({
        path: ['detect', index, ...path],
        rule,
      })),
    ),
    ...fault.remedies.flatMap((remedy, index) =>
      checkRemedy(fault, remedy).map(({ path, rule }) => ({ path: ['remedies', index, ...path], rule })),
    ),
  ]
}

function checkDetection(fault: Fault, detection: Detection, compile: CompileLogMatcher): readonly Finding[] {
  switch (detection.kind) {
    case 'log':
      return checkLog(fault, detection, compile)
    case 'poll':
      return checkPoll(fault, detection.probe)
    case 'supervisor':
      return fault.service === 'server' ? [] : [{ path: ['supervisor'], rule: `supervises managed servers, not ${fault.service}` }]
  }
}

function checkLog(fault: Fault, detection: LogDetection, compile: CompileLogMatcher): readonly Finding[] {
  const matches = (line: string, detect: Fault['detect']): boolean => compile([{ ...fault, detect }]).match([line]).length > 0
  try {
    compile([fault])
  } catch (error) {
    return [{ path: ['match'], rule: error instanceof Error ? error.message : String(error) }]
  }
  return [
    ...detection.examples.flatMap((line, index) =>
      matches(line, [detection]) ? [] : [{ path: ['examples', index], rule: 'is not matched by its own pattern and levels' }],
    ),
    // A near miss of one pattern must not be caught by the fault's next one either.
    ...detection.nearMisses.flatMap((line, index) =>
      matches(line, fault.detect) ? [{ path: ['near_misses', index], rule: 'is matched, and must not be' }] : [],
    ),
  ]
}

function checkPoll(fault: Fault, name: string): readonly Finding[] {
  const poll = findPoll(name)
  const names = polls.map((each) => each.name)
  if (poll === undefined) return [{ path: ['poll'], rule: `there is no probe "${name}"${suggestion(name, names)} (${names.join(', ')})` }]
  return poll.service === fault.service
    ? []
    : [{ path: ['poll'], rule: `"${name}" is a probe of ${poll.service}, not of ${fault.service}` }]
}

function checkRemedy(fault: Fault, remedy: Remedy): readonly Finding[] {
  const action = findAction(remedy.action)
  const ids = catalogue.map(({ id }) => id)
  if (action === undefined) return [{ path: ['action'], rule: `there is no action "${remedy.action}"${suggestion(remedy.action, ids)}` }]
  if (action.service !== fault.service) return [{ path: ['action'], rule: `is an action for ${action.service}, not for ${fault.service}` }]
  return Object.entries(remedy.params).flatMap(([name, value]) => checkReferences(value).map((rule) => ({ path: ['params', name], rule })))
}

function checkReferences(value: Json): readonly string[] {
  if (typeof value !== 'string') return value === null || typeof value !== 'object' ? [] : Object.values(value).flatMap(checkReferences)
  try {
    parseReference(value)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
