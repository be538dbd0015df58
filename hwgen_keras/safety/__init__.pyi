from .keras_file import check_keras_file as check_keras_file
from .onnx_file import check_onnx_file as check_onnx_file
from .saved_model import check_saved_model as check_saved_model
