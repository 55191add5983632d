import SpaceModel
public enum PayloadReading { public static func payload(_ p: FilePath, excluding: [FilePath]) throws -> (Payload, Bool) { throw StorageError.cancelledAudit } }
