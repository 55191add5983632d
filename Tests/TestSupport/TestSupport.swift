import SpaceModel
