import { test } from 'vitest'
import type { EventOf } from '../../../src/domain/events.ts'
import { command } from '../../../src/domain/processes/outputs.ts'
import { retirement } from '../../../src/domain/processes/retirement/retirement.ts'
import { NOW, specifyProcess } from '../../support/specify-process.ts'
import { origin } from './support/incident.ts'

const spec = specifyProcess(retirement, 'target')
const opened = (incidentId: string, fingerprintId = 'fingerprint'): EventOf<'IncidentOpened'> => ({
  type: 'IncidentOpened',
  data: { ...origin, incidentId, fingerprintId, at: NOW },
})
const retired: EventOf<'TargetRetired'> = { type: 'TargetRetired', data: { targetId: 'target', by: 'mira', reason: 'moved', at: NOW } }
const abandons = (id: string) =>
  command({
    aggregate: 'incident',
    id,
    command: { type: 'AbandonIncident', data: { by: 'mira', reason: 'Its target was retired: moved', now: NOW } },
  })

test('while a target is looked after nothing is closed', () => spec.given(opened('i')).when(opened('j', 'another')).yields())

test('a retired target takes the last incident of each of its fingerprints along', () => {
  spec.given().when(retired).yields()
  spec.given(opened('i'), opened('j', 'another'), opened('k')).when(retired).yields(abandons('k'), abandons('j'))
})

test('what is opened later, by a detection that was on its way, is closed at once', () =>
  spec.given(opened('i'), retired).when(opened('j')).yields(abandons('j')))
