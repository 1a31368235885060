/**
 * An action together with its checked parameters: what the rest of the system works with.
 * The types of parameters and facts end here, so a list can hold every action without a cast.
 */
import type { JsonObject } from '../ports/json.ts'
import type {
  Action,
  ActionId,
  Leaves,
  Preview,
  Resource,
  Reversibility,
  Risk,
  Service,
  SettingPreview,
  SnapshotItem,
  Step,
  Where,
} from './action.ts'
import type { Output, Program } from './program.ts'
import type { Right } from './right.ts'

export type CatalogueAction = Readonly<{
  id: ActionId
  version: number
  service: Service
  title: string
  reversibility: Reversibility
  /** @throws an error that names the field and the rule. */
  bind: (params: unknown) => BoundAction
}>

export type BoundAction = Readonly<{
  id: ActionId
  version: number
  service: Service
  title: string
  reversibility: Reversibility
  privilege: 'observer' | 'fixer'
  params: JsonObject
  resources: readonly Resource[]
  precondition: BoundProbe
  postcondition: BoundProbe
  afterRestore: readonly Step[]
  timeoutMs: number
  /** What depends on the state of the host: given the output of the precondition. Undefined when that output proves nothing. */
  given: (precondition: Output, where?: Where) => Prepared | undefined
}>

export type Prepared = Readonly<{
  facts: JsonObject
  risk: Risk
  /** It relaxes a limit beyond its recorded baseline: at most once in 24 h on a target. */
  beyondBaseline: boolean
  dryRun: Program | undefined
  rights: readonly Right[]
  previews: readonly Preview[]
  settingPreviews: readonly SettingPreview[]
  snapshot: readonly SnapshotItem[]
  steps: readonly Step[]
  leaves: Leaves
}>

export type BoundProbe = Readonly<{ run: Program; judge: (output: Output) => Verdict }>

export type Verdict = Readonly<{ kind: 'holds' | 'does-not-hold'; facts: JsonObject }> | Readonly<{ kind: 'unknown' }>

export const defineAction = <Params extends JsonObject, Facts extends JsonObject>(action: Action<Params, Facts>): CatalogueAction => ({
  id: action.id,
  version: action.version,
  service: action.service,
  title: action.title,
  reversibility: action.reversibility,
  bind: (input) => bind(action, action.parse(input)),
})

function bind<Params extends JsonObject, Facts extends JsonObject>(action: Action<Params, Facts>, params: Params): BoundAction {
  const { id, version, service, title, reversibility, privilege, timeoutMs } = action
  const probe = ({ run, read, holds }: Action<Params, Facts>['precondition']): BoundProbe => ({
    run: run(params),
    judge(output) {
      const facts = read(output, params)
      if (facts === undefined) return { kind: 'unknown' }
      return { kind: holds(facts, params) ? 'holds' : 'does-not-hold', facts }
    },
  })
  return {
    id,
    version,
    service,
    title,
    reversibility,
    privilege,
    timeoutMs,
    params,
    resources: action.resources(params),
    precondition: probe(action.precondition),
    postcondition: probe(action.postcondition),
    afterRestore: action.afterRestore(params),
    given(output, where = (path) => path) {
      const facts = action.precondition.read(output, params)
      if (facts === undefined) return undefined
      return {
        facts,
        risk: action.risk(params, facts),
        beyondBaseline: action.beyondBaseline?.(params, facts) ?? false,
        dryRun: action.dryRun?.(params, facts),
        rights: action.rights?.(params, facts) ?? [],
        previews: action.preview?.(params, facts) ?? [],
        settingPreviews: action.previewSettings?.(params, facts) ?? [],
        snapshot: action.snapshot(params, facts),
        steps: action.steps(params, facts, where),
        leaves: action.leaves?.(params, facts) ?? {},
      }
    },
  }
}
