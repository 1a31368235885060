import { expect, test } from 'vitest'
import { permissionOfPart, refuseForbiddenParts } from '../../src/api/permissions-of-parts.ts'
import { allRoutes } from '../../src/api/routes/index.ts'

const operations = Object.keys(permissionOfPart)

test('a part needs what it needs by itself', () => {
  const alone = allRoutes({ publicMetrics: false }).flatMap(({ operation, permission, aliasOf }) =>
    operations.includes(operation) && aliasOf === undefined ? [[operation, permission]] : [],
  )
  expect(Object.fromEntries(alone)).toStrictEqual(permissionOfPart)
})

test('who may not do a part by itself may not do it as a part either', () => {
  expect(() => refuseForbiddenParts({ role: 'operator' }, operations)).not.toThrow()
  expect(() => refuseForbiddenParts({ role: 'viewer' }, ['servers.register'])).toThrow('forbidden')
  expect(() => refuseForbiddenParts(undefined, ['servers.retire'])).toThrow('forbidden')
  expect(() => refuseForbiddenParts({ role: 'viewer' }, [])).not.toThrow()
})

test('a part that nobody knows is no permission', () =>
  expect(() => refuseForbiddenParts({ role: 'system_admin' }, ['servers.unheard-of'])).toThrow(TypeError))
